import type { GgufHeader } from "../header/read-header";
import { MetadataFields } from "./metadata-fields";

/** What decides the memory of an mmproj file, which turns pictures into tokens for a model. */
export interface PictureReader {
  /** As allocated: each tensor begins at a boundary of the backend. */
  readonly weightsBytes: number;
  /** Embedding length of the models that it was made for; 0 where the header does not say it. */
  readonly outputLength: number;
  /** Pixels of a side. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** So many patches in a row and in a column become one token, where it takes a picture in its own size; null if each has `imageSize`. */
  readonly mergedPatches: number | null;
  readonly embeddingLength: number;
  /** Of a gated feed-forward, both halves together. */
  readonly feedForwardLength: number;
}

/** The widest boundary of the backends: CUDA's. @see llama.cpp ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alignment */
const BOUNDARY_BYTES = 128;
const MAX_WIDTH = 1 << 20;
/** Qwen2-VL merges two by two, and its older files do not say it. */
const PATCHES_MERGED_UNSAID = 2;
/** They scale each picture, or each tile of it, to one size. @see llama.cpp tools/mtmd/clip.cpp, where no limit of tokens is set for them */
const FIXED_SIZE = /^(?:mlp|mlp_norm|ldp|ldpv2|resampler|adapter|gemma3|idefics3|internvl|llama4|cogvlm|janus_pro)$/;

/**
 * @returns null for a file that reads no pictures: another kind of model, or an mmproj for sound alone
 * @throws GgufFormatError where a value has another type than it must have
 * @see llama.cpp tools/mtmd/clip-impl.h for the keys
 */
export function pictureReaderOf({ metadata, tensors }: GgufHeader): PictureReader | null {
  const fields = new MetadataFields(metadata, "clip");
  if (fields.string("general.architecture") !== "clip") return null;
  const projector = fields.string("clip.projector_type") ?? fields.string("clip.vision.projector_type") ?? "";
  const isGated = tensors.some(({ name }) => name.startsWith("v.") && name.includes("ffn_gate"));
  const count = (key: string): number => fields.count(`clip.vision.${key}`, MAX_WIDTH) ?? 0;
  const embeddingLength = count("embedding_length");
  if (embeddingLength === 0) return null;
  return {
    weightsBytes: tensors.reduce((sum, { bytes }) => sum + Math.ceil(bytes / BOUNDARY_BYTES) * BOUNDARY_BYTES, 0),
    outputLength: count("projection_dim"),
    imageSize: count("image_size"),
    patchSize: Math.max(1, count("patch_size")),
    mergedPatches: FIXED_SIZE.test(projector)
      ? null
      : count("spatial_merge_size") || count("projector.scale_factor") || PATCHES_MERGED_UNSAID,
    embeddingLength,
    feedForwardLength: count("feed_forward_length") * (isGated ? 2 : 1),
  };
}
