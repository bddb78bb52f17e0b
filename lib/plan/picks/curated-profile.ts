import type { BlockProfile, ModelProfile, TensorProfile } from "@/lib/gguf/profile/model-profile";
import type { CuratedFile, CuratedModel } from "./curated-models";

/**
 * Bits a weight that llama.cpp's quantization mixes give the embedding and the output matrix. A tied one is stored as the output
 * would be. @see llama.cpp src/llama-quant.cpp
 */
const matrixBits: Readonly<Record<string, { readonly embedding: number; readonly output: number }>> = {
  Q3_K_M: { embedding: 3.4375, output: 6.5625 },
  Q4_K_M: { embedding: 4.5, output: 6.5625 },
  Q6_K: { embedding: 6.5625, output: 6.5625 },
  Q8_0: { embedding: 8.5, output: 8.5 },
  // gpt-oss: only the experts are MXFP4.
  MXFP4: { embedding: 8.5, output: 8.5 },
};

const isWindowed = ({ window }: CuratedModel, block: number): boolean =>
  window !== undefined && block % window.fullEvery !== window.fullEvery - 1;

function blockOf(model: CuratedModel, index: number, tensors: readonly TensorProfile[]): BlockProfile {
  const elements = model.kvHeads * model.headSize;
  const windowed = isWindowed(model, index);
  return {
    index,
    kind: windowed ? "sliding-window" : "attention",
    weightsBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    tensors,
    heads: model.heads,
    kvHeads: model.kvHeads,
    experts: model.experts?.count ?? 0,
    kv: {
      growth: windowed ? "window" : "full",
      windowTokens: windowed ? (model.window?.tokens ?? 0) : 0,
      kElementsPerCell: elements,
      vElementsPerCell: elements,
      fixedBytes: 0,
    },
  };
}

/**
 * What the header of this file would say, from the curated facts: the size without embedding and output is spread evenly over the
 * blocks. KV cache figures are exact, weights within about 2 % of the file.
 */
export function curatedProfile(model: CuratedModel, file: CuratedFile): ModelProfile {
  const { blocks, width, vocabulary, tied, experts } = model;
  const bits = matrixBits[file.quantization] ?? { embedding: 8.5, output: 8.5 };
  const matrixBytes = (bitsPerWeight: number) => Math.round((width * vocabulary * bitsPerWeight) / 8);
  const fileBytes = Math.round(file.gigabytes * 1e9);
  const embedding = { name: "token_embd.weight", bytes: matrixBytes(tied ? bits.output : bits.embedding) };
  const output = tied ? embedding : { name: "output.weight", bytes: matrixBytes(bits.output) };
  const blockBytes = Math.max(0, Math.round((fileBytes - embedding.bytes - (tied ? 0 : output.bytes)) / blocks));
  const bytesPerWeight = fileBytes / (model.billions.all * 1e9);
  const feedForwardWeights = width * (experts === undefined ? model.feedForward : experts.inner * experts.count);
  const matrixShare = Math.min(Math.round(feedForwardWeights * bytesPerWeight), Math.floor(blockBytes / 3));
  const suffix = experts === undefined ? "" : "_exps";
  const tensors = (index: number): TensorProfile[] => [
    ...["gate", "up", "down"].map(part => ({ name: `blk.${index}.ffn_${part}${suffix}.weight`, bytes: matrixShare })),
    { name: `blk.${index}.attn.weight`, bytes: blockBytes - 3 * matrixShare },
  ];
  return {
    ggufVersion: 3,
    name: model.name,
    architecture: model.architecture,
    quantization: file.quantization,
    fileBytes,
    headerBytes: 0,
    parameters: model.billions.all * 1e9,
    activeParameters: (model.billions.active ?? model.billions.all) * 1e9,
    license: model.licence,
    blocks,
    embeddingLength: width,
    feedForwardLength: model.feedForward,
    vocabularySize: vocabulary,
    trainContextTokens: model.trainContextTokens,
    headSizeK: model.headSize,
    headSizeV: model.headSize,
    slidingWindowTokens: model.window?.tokens ?? 0,
    windowReserveTokens: model.window === undefined ? 0 : 1,
    experts: experts?.count ?? 0,
    expertsUsed: experts?.used ?? 0,
    mlaKvElements: 0,
    recurrent: null,
    kvClosedForm: true,
    tiedEmbeddings: tied,
    embedding: [embedding],
    output: [output],
    shared: [],
    blocksProfile: Array.from({ length: blocks }, (_, index) => blockOf(model, index, tensors(index))),
    chatTemplate: null,
    tokenizerModel: "",
    role: "text",
    split: null,
    loadRefusal: null,
  };
}
