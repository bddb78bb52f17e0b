import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const alias = { "@": fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/, "") };

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          include: ["{lib,components,app,scripts,bench,e2e}/**/*.test.{ts,tsx}"],
          exclude: ["**/*.model.test.ts", "**/node_modules/**"],
          globalSetup: "scripts/own-temp-folder.ts",
          setupFiles: "scripts/undo-stubs.ts",
          // A process and all imports for each file cost as much as the tests themselves.
          isolate: false,
          environment: "node",
          testTimeout: 30_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: "model",
          include: ["{lib,bench}/**/*.model.test.ts"],
          globalSetup: ["scripts/own-temp-folder.ts", "lib/engine/testing/bundle-engine.ts"],
          environment: "node",
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
