import type { ModelShape } from "./model-shapes";
import { llama, withTokenizer } from "./shape-families";

/** OpenLLaMA 3B, as its maker published it. Mesa's device cannot compute a cache with its heads of 100 while layers are split. */
export function openLlama3b(): ModelShape {
  const size = { blocks: 26, width: 3200, heads: 32, kvHeads: 32, feedForward: 8640 };
  const gguf = withTokenizer(llama({ ...size, vocabulary: 32_000, contextTokens: 2048 }));
  const tensors = gguf.tensors.map(tensor => (tensor.dimensions.length === 2 ? { ...tensor, type: "Q4_0" } : tensor));
  return { id: "open-llama-3b", family: "Llama", gguf: { ...gguf, tensors } };
}

/** Heads of 80, as in Phi-2 and StableLM. 80 is not a multiple of 32, so no quantized cache is possible. */
export function headsOf80(): ModelShape {
  const size = { blocks: 4, width: 2560, heads: 32, kvHeads: 32, feedForward: 6912 };
  const gguf = withTokenizer(llama({ ...size, vocabulary: 32_000, contextTokens: 4096 }));
  const tensors = gguf.tensors.map(tensor => (tensor.dimensions.length === 2 ? { ...tensor, type: "Q4_0" } : tensor));
  return { id: "heads-of-80", family: "Llama", gguf: { ...gguf, tensors } };
}
