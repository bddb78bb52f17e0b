import { type FileHandle, open } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GgufFormatError } from "./header/gguf-format-error";
import { parseGguf } from "./parse-gguf";
import type { ModelProfile } from "./profile/model-profile";

describe("the default model", () => {
  let file: FileHandle;
  let profile: ModelProfile;
  const requests: number[] = [];

  beforeAll(async () => {
    file = await open("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    const fileBytes = (await file.stat()).size;
    let bytes = new Uint8Array(0);
    for (;;) {
      const parsed = parseGguf(bytes, fileBytes);
      if (parsed.kind === "profile") {
        profile = parsed.profile;
        return;
      }
      requests.push(parsed.bytes);
      bytes = new Uint8Array(parsed.bytes);
      await file.read(bytes, 0, parsed.bytes, 0);
    }
  });
  afterAll(() => file.close());

  // Shape as published for SmolLM2-135M (config.json): 30 layers, 576 wide, 9 heads, 3 KV heads, tied, 8192 tokens.
  it("has the shape that its makers published", () => {
    expect(profile).toMatchObject({
      fileBytes: 98_362_432,
      architecture: "llama",
      quantization: "Q4_1",
      blocks: 30,
      embeddingLength: 576,
      feedForwardLength: 1536,
      vocabularySize: 49_152,
      trainContextTokens: 8192,
      headSizeK: 64,
      headSizeV: 64,
      tiedEmbeddings: true,
      tokenizerModel: "gpt2",
      role: "text",
      // 135M: embedding 49,152 x 576, a block 3,540,096 with norms, final norm 576.
      parameters: 49_152 * 576 + 30 * 3_540_096 + 576,
    });
    expect(profile.blocksProfile.map(block => [block.heads, block.kvHeads])).toEqual(new Array(30).fill([9, 3]));
  });

  it("has tensors that fill the file to its last byte", () => {
    const blockBytes = profile.blocksProfile.reduce((sum, block) => sum + block.weightsBytes, 0);
    const [embedding] = profile.embedding;
    const [norm] = profile.output;
    expect(profile.headerBytes + (embedding?.bytes ?? 0) + blockBytes + (norm?.bytes ?? 0)).toBe(98_362_432);
  });

  it("is refused when it is cut at any percent of its length", async () => {
    const header = new Uint8Array(profile.headerBytes);
    await file.read(header, 0, header.byteLength, 0);
    for (let percent = 0; percent < 100; percent++) {
      const cutBytes = Math.floor((98_362_432 * percent) / 100);
      expect(() => parseGguf(header.subarray(0, cutBytes), cutBytes), `${percent} %`).toThrow(GgufFormatError);
    }
  });

  it("is understood after few requests for more", () => {
    expect(requests.length).toBeLessThanOrEqual(4);
  });
});
