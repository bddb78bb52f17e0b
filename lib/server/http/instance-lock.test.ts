import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { beforeEach, expect, it } from "vitest";
import { StartError } from "@/lib/server/system/start-error";
import { lockDataFolder } from "./instance-lock";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-lock-"));
});

it("E11 a second Headroom on one data folder is refused in one sentence, until the first gives it back", () => {
  const unlock = lockDataFolder(folder);
  expect(() => lockDataFolder(folder)).toThrow(StartError);
  expect(() => lockDataFolder(folder)).toThrow(/^Another Headroom is working in [^\n]+$/);
  unlock();
  lockDataFolder(folder)();
});

it("E11 a killed one leaves no lock behind", async () => {
  const script = join(folder, "hold.cjs");
  const contents = `import { lockDataFolder } from "./instance-lock";
    lockDataFolder(process.argv[2]);
    console.log("held");
    setInterval(() => {}, 1000);`;
  buildSync({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    platform: "node",
    external: ["libsql"],
    outfile: script,
  });
  const env = { ...process.env, NODE_PATH: join(process.cwd(), "node_modules") };
  const holder = spawn(process.execPath, [script, folder], { env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise(resolve => holder.stdout.once("data", resolve));
  expect(() => lockDataFolder(folder)).toThrow(StartError);
  holder.kill("SIGKILL");
  await new Promise(resolve => holder.once("exit", resolve));
  lockDataFolder(folder)();
});

it("a data folder that cannot be made is one sentence at once, and no endless try", context => {
  context.skip(process.platform !== "linux", "this system has no /proc");
  // Node's own recursive mkdir never returns here: the system says of /proc/headroom that a folder above it is missing.
  expect(() => lockDataFolder("/proc/headroom/data")).toThrow(StartError);
  expect(() => lockDataFolder("/proc/headroom/data")).toThrow(
    "The data folder /proc/headroom/data cannot be made (ENOENT): set HEADROOM_HOME to a folder that you can write to.",
  );
  writeFileSync(join(folder, "file"), "");
  expect(() => lockDataFolder(join(folder, "file", "data"))).toThrow(/cannot be made \((?:ENOTDIR|EEXIST)\)/);
});
