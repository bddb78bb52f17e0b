import { describe, expect, it } from "vitest";
import { headerOrNeed } from "../header/header-or-need";
import type { GgufHeader } from "../header/read-header";
import { ggufFileBytes, type WritableGguf, writeGgufHeader } from "../testing/gguf-writer";
import { pictureReaderOf } from "./picture-reader";

function headerOf(gguf: WritableGguf): GgufHeader {
  const start = writeGgufHeader(gguf);
  const header = headerOrNeed(start, ggufFileBytes(start, gguf));
  if ("kind" in header) throw new Error("The header is whole.");
  return header;
}

/** Keys of Gemma 3 4B's mmproj file, with two of its tensors. */
const gemma: WritableGguf = {
  metadata: {
    "general.architecture": "clip",
    "general.type": "mmproj",
    "clip.has_vision_encoder": true,
    "clip.projector_type": "gemma3",
    "clip.vision.projection_dim": 2560,
    "clip.vision.image_size": 896,
    "clip.vision.patch_size": 14,
    "clip.vision.embedding_length": 1152,
    "clip.vision.feed_forward_length": 4304,
    "clip.vision.projector.scale_factor": 4,
  },
  tensors: [
    { name: "v.position_embd.weight", dimensions: [1152, 4096], type: "F32" },
    { name: "v.blk.0.ln1.bias", dimensions: [10], type: "F32" },
  ],
};

describe("what an mmproj file needs memory for", () => {
  it("is read from its header; each tensor begins at a boundary of 128 bytes", () => {
    expect(pictureReaderOf(headerOf(gemma))).toEqual({
      // 1152 * 4096 * 4 = 18,874,368, which is a multiple of 128; 40 bytes take 128.
      weightsBytes: 18_874_496,
      outputLength: 2560,
      imageSize: 896,
      patchSize: 14,
      mergedPatches: null,
      embeddingLength: 1152,
      feedForwardLength: 4304,
    });
  });

  it("says how patches become tokens where pictures keep their size, and counts both halves of a gated feed-forward", () => {
    const qwen: WritableGguf = {
      metadata: { ...gemma.metadata, "clip.projector_type": "qwen2.5vl_merger", "clip.vision.spatial_merge_size": 2 },
      tensors: [{ name: "v.blk.0.ffn_gate.weight", dimensions: [1152, 4304], type: "F16" }],
    };
    delete (qwen.metadata as Record<string, unknown>)["clip.vision.projector.scale_factor"];
    expect(pictureReaderOf(headerOf(qwen))).toMatchObject({ mergedPatches: 2, feedForwardLength: 8608 });
  });

  it.each([
    ["a chat model", { "general.architecture": "llama" }],
    ["one for sound alone", { "general.architecture": "clip", "clip.has_audio_encoder": true }],
  ])("is nothing for %s", (_what, metadata) => {
    expect(pictureReaderOf(headerOf({ metadata, tensors: [] }))).toBeNull();
  });
});
