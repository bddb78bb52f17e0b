import type { MetadataFields } from "./metadata-fields";

/** Heads and head sizes, block by block. */
export interface AttentionShape {
  readonly headsPerBlock: readonly number[];
  readonly kvHeadsPerBlock: readonly number[];
  readonly headSizeK: number;
  readonly headSizeV: number;
  /** Windowed blocks may have a head size of their own (Gemma 4). */
  readonly windowHeadSizeK: number;
  readonly windowHeadSizeV: number;
  /** The cache holds one compressed K and no V (multi-head latent attention). */
  readonly latent: boolean;
}

/** @see llama.cpp src/llama-model.cpp (load_hparams): the same keys with the same defaults */
export function attentionShape(fields: MetadataFields, blocks: number, embeddingLength: number): AttentionShape {
  const headsPerBlock =
    fields.countPerBlock("{arch}.attention.head_count", blocks) ?? new Array<number>(blocks).fill(0);
  const kvHeadsPerBlock = fields.countPerBlock("{arch}.attention.head_count_kv", blocks) ?? headsPerBlock;
  const firstHeads = headsPerBlock[0] ?? 0;
  const defaultHeadSize = firstHeads > 0 ? Math.floor(embeddingLength / firstHeads) : 0;
  const headSizeK = fields.count("{arch}.attention.key_length") ?? defaultHeadSize;
  const headSizeV = fields.count("{arch}.attention.value_length") ?? defaultHeadSize;
  const latentK = fields.count("{arch}.attention.key_length_mla") ?? 0;
  const latentV = fields.count("{arch}.attention.value_length_mla") ?? 0;
  return {
    headsPerBlock,
    kvHeadsPerBlock,
    headSizeK,
    headSizeV,
    windowHeadSizeK: fields.count("{arch}.attention.key_length_swa") ?? headSizeK,
    windowHeadSizeV: fields.count("{arch}.attention.value_length_swa") ?? headSizeV,
    latent: latentK > 0 && latentV > 0,
  };
}
