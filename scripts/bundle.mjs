import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildEngine } from "./bundle-engine.mjs";
import { projectRoot } from "./project-root.mjs";

const entries = {
  server: "scripts/server.ts",
  plan: "scripts/plan.ts",
  models: "scripts/models.ts",
  bench: "bench/main.ts",
  "build-llama": "scripts/build-llama.ts",
  transfer: "lib/server/models/downloads/transfer-thread.ts",
};

/** These packages stay outside the bundles: they have native parts, or they are large, lazily loaded and used only in part. */
const external = [
  "node-llama-cpp",
  "next",
  "libsql",
  "pino",
  "systeminformation",
  "ai",
  "@ai-sdk/*",
  "@playwright/test",
  "esbuild",
];

const common = {
  absWorkingDir: projectRoot,
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  logLevel: "warning",
};

export async function buildBundles() {
  rmSync(join(projectRoot, "dist"), { recursive: true, force: true });
  const present = Object.entries(entries).filter(([, path]) => existsSync(join(projectRoot, path)));
  await Promise.all([
    buildEngine(common),
    build({
      ...common,
      entryPoints: Object.fromEntries(present),
      external,
      chunkNames: "chunks/[name]-[hash]",
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    }),
  ]);
}
