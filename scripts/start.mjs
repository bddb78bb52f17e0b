import { watch } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { askToEnd, startProgram } from "./end-with-starter.mjs";
import { checkNode, ensureBuilt, ensureBundles, ensureInstalled, stop } from "./prepare.mjs";
import { projectRoot } from "./project-root.mjs";

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

/** PowerShell and the old console of Windows set variables in ways of their own. */
const startWith = otherPort =>
  process.platform === "win32"
    ? `set PORT=${otherPort} (in PowerShell: $env:PORT=${otherPort}), then npm start`
    : `PORT=${otherPort} npm start`;

checkNode();
if (!(await portIsFree()))
  stop(
    `Port ${port} is in use: Headroom may be running already at http://${host}:${port}; otherwise start with another: ${startWith(port + 1)}.`,
  );
await ensureInstalled();
await ensureBundles();
if (!dev) await ensureBuilt();

const CHANGED = Symbol("a source of the server changed");

/** Resolves when a source of the server changes. Next reloads the pages by itself. */
async function sourceChange() {
  for await (const { filename } of watch(join(projectRoot, "lib"), { recursive: true }))
    if (/^(?!client\b).*(?<!\.test)\.ts$/.test(filename ?? "")) return CHANGED;
}

/** A source that cannot be bundled is mended soon: esbuild has told what is wrong with it. */
async function bundleAgain() {
  await ensureBundles().catch(async () => {
    await sourceChange();
    await bundleAgain();
  });
}

for (;;) {
  // The server shuts down in order by itself, even if this process has ended, because then the channel between them closes.
  const { child, exitCode } = startProgram(
    process.execPath,
    [join(projectRoot, "dist/server.mjs"), ...(dev ? ["--dev"] : [])],
    {
      cwd: projectRoot,
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: dev ? "development" : "production" },
    },
  );
  const ended = await Promise.race([exitCode, ...(dev ? [sourceChange()] : [])]);
  if (ended !== CHANGED) process.exit(ended);
  askToEnd(child);
  await exitCode;
  await bundleAgain();
}
