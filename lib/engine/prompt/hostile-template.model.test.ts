import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cpuConfig, defaultModelPath, ForkedEngine, greedy } from "../testing/forked-engine";

const folder = mkdtempSync(join(tmpdir(), "headroom-template-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The default model with another template of the same length in its header. */
function modelWith(template: string): string {
  const bytes = readFileSync(defaultModelPath);
  const at = bytes.indexOf("{% for message in messages %}");
  const characters = Number(bytes.readBigUInt64LE(at - 8));
  bytes.write(template.padEnd(characters), at);
  const modelPath = join(folder, "hostile.gguf");
  writeFileSync(modelPath, bytes);
  return modelPath;
}

it("a template that wants all memory ends no engine: the model loads, answers, and is named with what to do", async () => {
  const engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
  await engine.ready;
  const modelPath = modelWith("{{ range(100000000000) }}");
  const loaded = await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, modelPath } });
  expect(loaded.templateWarning).toMatch(/hostile\.gguf.*A general one is used.*try another file/);
  const turns = [{ role: "user" as const, content: "Say hello." }];
  const finished = await engine.askFor("finished", { type: "generate", turns, sampling: greedy });
  expect(finished.stats.generatedTokens).toBeGreaterThan(0);
  await engine.end();
  expect((await engine.exited).code).toBe(0);
});
