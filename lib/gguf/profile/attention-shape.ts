import type { MetadataFields } from "./metadata-fields";

/** Heads and head sizes, block by block. */
export interface AttentionShape {
  readonly headsPerBlock: readonly number[];
  readonly kvHeadsPerBlock: readonly number[];
  readonly headSizeK: number;
  readonly headSizeV: number;
  /** Windowed blocks may have a different head size (Gemma 4). */
  readonly windowHeadSizeK: number;
  readonly windowHeadSizeV: number;
  /** The cache holds one compressed K and no V (multi-head latent attention). */
  readonly latent: boolean;
}

/** Far above any model. Keeps heads times head size, and its bytes, exact integers. */
const MAX_HEADS = 65_536;
const MAX_HEAD_SIZE = 65_536;

/** @see llama.cpp src/llama-model.cpp (load_hparams): the same keys with the same defaults */
export function attentionShape(fields: MetadataFields, blocks: number, embeddingLength: number): AttentionShape {
  const headsPerBlock =
    fields.countPerBlock("{arch}.attention.head_count", blocks, MAX_HEADS) ?? new Array<number>(blocks).fill(0);
  const kvHeadsPerBlock = fields.countPerBlock("{arch}.attention.head_count_kv", blocks, MAX_HEADS) ?? headsPerBlock;
  const firstHeads = headsPerBlock[0] ?? 0;
  const defaultHeadSize = firstHeads > 0 ? Math.floor(embeddingLength / firstHeads) : 0;
  const headSizeK = fields.count("{arch}.attention.key_length", MAX_HEAD_SIZE) ?? defaultHeadSize;
  const headSizeV = fields.count("{arch}.attention.value_length", MAX_HEAD_SIZE) ?? defaultHeadSize;
  const latentK = fields.count("{arch}.attention.key_length_mla", MAX_HEAD_SIZE) ?? 0;
  const latentV = fields.count("{arch}.attention.value_length_mla", MAX_HEAD_SIZE) ?? 0;
  return {
    headsPerBlock,
    kvHeadsPerBlock,
    headSizeK,
    headSizeV,
    windowHeadSizeK: fields.count("{arch}.attention.key_length_swa", MAX_HEAD_SIZE) ?? headSizeK,
    windowHeadSizeV: fields.count("{arch}.attention.value_length_swa", MAX_HEAD_SIZE) ?? headSizeV,
    latent: latentK > 0 && latentV > 0,
  };
}
