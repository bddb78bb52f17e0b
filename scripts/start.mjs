import { createServer } from "node:net";
import { join } from "node:path";
import { startProgram } from "./end-with-starter.mjs";
import { checkNode, ensureBuilt, ensureBundles, ensureInstalled, projectRoot, stop } from "./prepare.mjs";

const port = Number(process.env.PORT || 3000);
const host = process.env.HOST || "127.0.0.1";
const dev = process.argv.includes("--dev");

/** Checked before a minute of installing and building, not after it. */
const portIsFree = () =>
  new Promise(resolve => {
    const probe = createServer();
    probe.once("error", error => resolve(error.code !== "EADDRINUSE"));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

checkNode();
if (!(await portIsFree()))
  stop(
    `Port ${port} is in use: Headroom may be running already at http://${host}:${port}; otherwise start with another, PORT=${port + 1} npm start.`,
  );
await ensureInstalled();
await ensureBundles();
if (!dev) await ensureBuilt();

// The server shuts down in order by itself, even if this process has ended, because then the channel between them closes.
const { exitCode } = startProgram(process.execPath, [join(projectRoot, "dist/server.mjs"), ...(dev ? ["--dev"] : [])], {
  cwd: projectRoot,
  stdio: ["inherit", "inherit", "inherit", "ipc"],
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: dev ? "development" : "production" },
});
process.exit(await exitCode);
