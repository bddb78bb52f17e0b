import { describe, expect, it } from "vitest";
import { parseGguf } from "../parse-gguf";
import type { ModelProfile } from "../profile/model-profile";
import { type ModelShape, modelShape, realShapes, shapeFile, smallShapes } from "./model-shapes";

function profileOf(shape: ModelShape): ModelProfile {
  const { header, fileBytes } = shapeFile(shape);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile;
}

/** MiB of cache for this many tokens, all on one device, K and V at `bytesPerElement`. Only for models without a sliding window. */
const cacheMib = (profile: ModelProfile, tokens: number, bytesPerElement: number): number =>
  profile.blocksProfile.reduce(
    (sum, { kv }) => sum + tokens * (kv.kElementsPerCell + kv.vElementsPerCell) * bytesPerElement,
    0,
  ) /
  1024 ** 2;

describe("real shapes", () => {
  // Parameters as Hugging Face counts them in the published weights. Llama 3.1 and Phi-3 GGUFs hold 64 and 2 x 48 rope factors more.
  it.each([
    ["llama-2-7b", 6_738_415_616],
    ["llama-3.1-8b", 8_030_261_248 + 64],
    ["mistral-7b-v0.1", 7_241_732_096],
    ["mistral-small-22b", 22_247_282_688],
    ["qwen2.5-7b", 7_615_616_512],
    ["qwen3-0.6b", 596_049_920],
    ["qwen3-8b", 8_190_735_360],
    ["qwen3-30b-a3b", 30_532_122_624],
    ["gemma-2-9b", 9_241_705_984],
    ["phi-3-mini", 3_821_079_552 + 96],
    ["deepseek-v2-lite", 15_706_484_224],
    ["deepseek-v3", 671_026_419_200],
    ["gpt-oss-20b", 20_914_757_184],
    ["mamba-2.8b", 2_768_345_600],
    ["lfm2-1.2b", 1_170_340_608],
    ["falcon-h1-0.5b", 521_411_104],
    ["granite-4.0-h-tiny", 6_939_037_248],
    ["openelm-270m", 271_527_168],
  ])("%s has the published number of parameters", (id, parameters) => {
    expect(profileOf(modelShape(id)).parameters).toBe(parameters);
  });

  // An Ollama log of Mistral-Small-22B at 49,152 tokens, q8_0; llama.cpp's own for Llama-3.1-8B at 32,768.
  it.each([
    ["mistral-small-22b", 49_152, 34 / 32, 5712],
    ["llama-3.1-8b", 32_768, 2, 4096],
    ["llama-3.1-8b", 32_768, 34 / 32, 2176],
    ["llama-3.1-8b", 32_768, 18 / 32, 1152],
    // Worked by hand: 61 blocks, one K of 512 + 64 elements, no V: 61 x 576 x 2 x 16,384 / 2^20.
    ["deepseek-v3", 16_384, 2, 1098],
  ])("%s caches %i tokens at %f bytes an element in %f MiB", (id, tokens, bytesPerElement, mib) => {
    expect(cacheMib(profileOf(modelShape(id)), tokens, bytesPerElement)).toBe(mib);
  });

  it.each([
    ["gemma-2-9b", { "sliding-window": 21, attention: 21 }],
    ["gemma-3-12b", { "sliding-window": 40, attention: 8 }],
    ["gpt-oss-20b", { "sliding-window": 12, attention: 12 }],
    ["phi-3-mini", { attention: 32 }],
    ["mamba-2.8b", { recurrent: 64 }],
    ["lfm2-1.2b", { recurrent: 10, attention: 6 }],
    ["falcon-h1-0.5b", { attention: 36 }],
    ["granite-4.0-h-tiny", { recurrent: 36, attention: 4 }],
    ["qwen3-next-80b-a3b", { recurrent: 36, attention: 12 }],
  ])("%s has blocks of the kinds %o", (id, kinds) => {
    const counted: Record<string, number> = {};
    for (const { kind } of profileOf(modelShape(id)).blocksProfile) counted[kind] = (counted[kind] ?? 0) + 1;
    expect(counted).toEqual(kinds);
  });

  it("puts the dense block last in each group of a windowed model", () => {
    const kinds = (id: string) => profileOf(modelShape(id)).blocksProfile.map(block => block.kind === "attention");
    // Gemma 2: every second block is dense; Gemma 3: every sixth.
    expect(kinds("gemma-2-9b").slice(0, 4)).toEqual([false, true, false, true]);
    expect(kinds("gemma-3-12b").slice(0, 7)).toEqual([false, false, false, false, false, true, false]);
  });

  // f32 state of one block, by hand. Mamba 2.8B: (4 - 1) x 5120 + 16 x 5120 elements. LFM2: 2048 x (3 - 1).
  // Granite tiny: 3 x (3072 + 2 x 128) + 128 x 3072. Qwen3-Next: 3 x (4096 + 2 x 16 x 128) + 128 x 4096.
  it.each([
    ["mamba-2.8b", 0, (15_360 + 81_920) * 4],
    ["lfm2-1.2b", 0, 4096 * 4],
    ["granite-4.0-h-tiny", 0, (9984 + 393_216) * 4],
    ["qwen3-next-80b-a3b", 0, (24_576 + 524_288) * 4],
    ["qwen3-next-80b-a3b", 3, 0],
    // Beside attention in every block: 3 x (1536 + 2 x 128) + 128 x 1536.
    ["falcon-h1-0.5b", 35, (5376 + 196_608) * 4],
  ])("%s keeps in block %i a state of %i bytes", (id, block, bytes) => {
    expect(profileOf(modelShape(id)).blocksProfile[block]?.kv.fixedBytes).toBe(bytes);
  });

  it("knows that OpenELM's blocks have different numbers of heads", () => {
    const profile = profileOf(modelShape("openelm-270m"));
    expect(profile.blocksProfile.map(block => [block.heads, block.kvHeads])).toEqual(
      [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20].map(heads => [heads, heads / 4]),
    );
    expect(profile.headSizeK).toBe(64);
  });

  it("counts experts only in blocks that have them", () => {
    const experts = profileOf(modelShape("deepseek-v3")).blocksProfile.map(block => block.experts);
    expect(experts.slice(0, 4)).toEqual([0, 0, 0, 256]);
  });

  it("takes Qwen3's own head size, not width by heads", () => {
    // 16 heads of 128 in a model 1,024 wide.
    expect(profileOf(modelShape("qwen3-0.6b"))).toMatchObject({ headSizeK: 128, headSizeV: 128, tiedEmbeddings: true });
  });

  it("reserves a token beside the window only where the header names one below the trained context", () => {
    const reserve = (id: string) => profileOf(modelShape(id)).windowReserveTokens;
    expect(["gemma-3-12b", "gpt-oss-20b", "phi-3-mini", "llama-3.1-8b"].map(reserve)).toEqual([1, 1, 1, 0]);
  });
});

describe("small shapes", () => {
  it.each(smallShapes.map(shape => [shape.id, shape] as const))("%s stays below 200 MB and chats", (_, shape) => {
    const profile = profileOf(shape);
    expect(profile.fileBytes).toBeLessThan(200e6);
    expect(profile.role).toBe("text");
  });

  it("cover every family of the real ones but DeepSeek V3, which shares V2's structure", () => {
    const families = (shapes: readonly ModelShape[]) => new Set(shapes.map(shape => shape.family));
    const missing = [...families(realShapes)].filter(family => !families(smallShapes).has(family));
    expect(missing).toEqual(["DeepSeek V3"]);
  });
});
