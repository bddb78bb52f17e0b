import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { FakeScript } from "./fake-engine";

/**
 * A module that plays this script when it is forked. The script is in the file and not in the environment, because the
 * child's environment is an allow-list.
 */
export function fakeEngineEntry(script: FakeScript): string {
  const folder = mkdtempSync(join(tmpdir(), "headroom-fake-engine-"));
  const entryPath = join(folder, "engine.mjs");
  const { outputFiles } = buildSync({
    stdin: {
      contents: `import { runFakeEngine } from "./fake-engine-main";\nrunFakeEngine(${JSON.stringify(script)});`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    write: false,
  });
  writeFileSync(entryPath, outputFiles[0]?.contents ?? "");
  return entryPath;
}
