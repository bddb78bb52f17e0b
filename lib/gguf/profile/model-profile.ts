import type { LayerKind, LayerKv } from "@/lib/schema/plans/memory-surface";

/** Weights of one tensor as llama.cpp allocates them, before the backend's padding. */
export interface TensorProfile {
  readonly name: string;
  readonly bytes: number;
}

/** One repeating block. All counts are per token and per layer. */
export interface BlockProfile {
  readonly index: number;
  readonly kind: Exclude<LayerKind, "output" | "embedding">;
  readonly weightsBytes: number;
  readonly tensors: readonly TensorProfile[];
  readonly heads: number;
  readonly kvHeads: number;
  /** 0 for a dense feed-forward. A mixture-of-experts model may have dense first blocks. */
  readonly experts: number;
  /** What this block caches. `fixedBytes` is the recurrent state of one sequence. */
  readonly kv: LayerKv;
}

/** Everything the planner needs to know about a model file, read from its header alone. Bytes are integers. */
export interface ModelProfile {
  readonly ggufVersion: 2 | 3;
  readonly name: string;
  readonly architecture: string;
  /** "Q4_K_M", from general.file_type, or the most common tensor type where that is missing. */
  readonly quantization: string;
  readonly fileBytes: number;
  readonly headerBytes: number;
  readonly parameters: number;
  /** Parameters that one token passes through: all of a dense model, with the used share of a mixture of experts. */
  readonly activeParameters: number;
  /** general.license, such as "apache-2.0"; null if the header does not name one. */
  readonly license: string | null;
  readonly blocks: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabularySize: number;
  readonly trainContextTokens: number;
  readonly headSizeK: number;
  readonly headSizeV: number;
  /** 0 when the model has no sliding window. */
  readonly slidingWindowTokens: number;
  /**
   * node-llama-cpp makes the batch of a windowed model this many tokens larger. A windowed cache holds the window and one batch.
   * @see node-llama-cpp dist/gguf/insights/GgufInsights.js (swaSize)
   */
  readonly windowReserveTokens: 0 | 1;
  readonly experts: number;
  readonly expertsUsed: number;
  /** For multi-head latent attention (DeepSeek), the cache holds one compressed K of this many elements per token; 0 otherwise. */
  readonly mlaKvElements: number;
  /** f32 elements of one sequence in one recurrent block. */
  readonly recurrent: { readonly stateElements: number; readonly convElements: number } | null;
  /** False where llama.cpp keeps caches beyond `blocksProfile[].kv` (sparse-attention indexers, looped stacks): take KV from the dry run. */
  readonly kvClosedForm: boolean;
  readonly tiedEmbeddings: boolean;
  /** Input tensors: always in system memory. */
  readonly embedding: readonly TensorProfile[];
  /** With tied embeddings this holds the copy of token_embd that becomes the output layer. */
  readonly output: readonly TensorProfile[];
  /** Used by every block, such as rope_freqs: one copy on each device that holds a block. */
  readonly shared: readonly TensorProfile[];
  readonly blocksProfile: readonly BlockProfile[];
  readonly chatTemplate: string | null;
  readonly tokenizerModel: string;
  /** What the file is for. Only `text` models can chat. */
  readonly role: "text" | "embedding" | "projector" | "adapter" | "other";
  /** `part` counts from 1. Parts after the first carry tensors only: `joinSplitProfiles` makes one profile of all. */
  readonly split: { readonly part: number; readonly parts: number } | null;
  /** One sentence on why llama.cpp cannot load it; null if the header shows no reason. */
  readonly loadRefusal: string | null;
}
