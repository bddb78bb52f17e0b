import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds the bundles if a source changed, once before all tests with the real engine. */
export default function bundleEngine(): void {
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  const built = spawnSync(process.execPath, ["scripts/build.mjs", "--bundles"], { cwd, stdio: "inherit" });
  if (built.status !== 0) throw new Error("The bundles could not be built.");
}
