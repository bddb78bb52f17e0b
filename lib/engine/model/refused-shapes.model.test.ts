import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { refusedShapes } from "@/lib/gguf/testing/refused-shapes";
import { cpuConfig, ForkedEngine } from "../testing/forked-engine";
import { writeShape } from "../testing/shape-model";

const folder = mkdtempSync(join(tmpdir(), "headroom-refused-"));
/** One for all files that it refuses; the next one after a file that ends it. */
let engine: ForkedEngine | null = null;
afterAll(async () => {
  await engine?.end();
  rmSync(folder, { recursive: true });
});

/** The header check is only right if the bundled llama.cpp really refuses each of these files or aborts on it. */
it.each(refusedShapes)("G13 llama.cpp really does not load it: $says", async ({ shape }) => {
  engine ??= new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
  await engine.ready;
  const config = { ...cpuConfig, modelPath: writeShape(folder, shape).modelPath, contextTokens: 512 };
  const ended = await Promise.race([
    engine.ask({ type: "load", config }).then(message => message.type),
    engine.exited.then(({ code, signal }) => `process ended: ${signal ?? code}`),
  ]);
  if (ended !== "error") {
    await engine.end();
    engine = null;
  }
  expect(ended).toMatch(/^error$|^process ended/);
});
