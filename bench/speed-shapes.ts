import type { WritableGguf } from "@/lib/gguf/testing/gguf-writer";
import type { ModelShape } from "@/lib/gguf/testing/model-shapes";
import { gemma3, llama, qwen2, qwen3, qwen3Moe, withTokenizer } from "@/lib/gguf/testing/shape-families";

/** A generated model, and the context that it is measured at when it is full: 3,000 tokens take minutes in the largest ones. */
export interface SpeedShape {
  readonly shape: ModelShape;
  readonly fullTokens: number;
}

const FULL_TOKENS = 3000;
const LARGE_FULL_TOKENS = 2000;
/** llama.cpp's numbers of general.file_type. */
const FILE_TYPES = { Q4_0: 2, Q8_0: 7 } as const;

/** `type` in place of the types that a Q4_K_M file would have. */
function quantized(gguf: WritableGguf, type: keyof typeof FILE_TYPES | null): WritableGguf {
  if (type === null) return gguf;
  const tensors = gguf.tensors.map(tensor => (/^(?:Q4_K|Q6_K|Q8_0)$/.test(tensor.type) ? { ...tensor, type } : tensor));
  return { metadata: { ...gguf.metadata, "general.file_type": FILE_TYPES[type] }, tensors };
}

const speedShape = (
  id: string,
  gguf: WritableGguf,
  type: keyof typeof FILE_TYPES | null = null,
  fullTokens: number = FULL_TOKENS,
): SpeedShape => {
  const tokenized = withTokenizer(quantized(gguf, type));
  const metadata = { ...tokenized.metadata, "general.name": id };
  return { shape: { id, family: id, gguf: { ...tokenized, metadata } }, fullTokens };
};

const frame = { vocabulary: 32_000, contextTokens: 8192 } as const;

/** Sizes that their makers published: 0.1 to 3 B active parameters, dense and mixtures, heads of 64, 80, 128 and 256. */
export const speedShapes: readonly SpeedShape[] = [
  speedShape(
    "SmolLM2 135M Q8_0",
    llama({ ...frame, vocabulary: 49_152, blocks: 30, width: 576, heads: 9, kvHeads: 3, feedForward: 1536 }),
    "Q8_0",
  ),
  speedShape(
    "SmolLM2 360M Q4_0",
    llama({ ...frame, vocabulary: 49_152, blocks: 32, width: 960, heads: 15, kvHeads: 5, feedForward: 2560 }),
    "Q4_0",
  ),
  speedShape(
    "Qwen2.5 0.5B Q8_0",
    qwen2({ ...frame, vocabulary: 65_536, blocks: 24, width: 896, heads: 14, kvHeads: 2, feedForward: 4864 }),
    "Q8_0",
  ),
  speedShape(
    "Qwen3 0.6B Q4_K_M",
    qwen3({
      ...frame,
      vocabulary: 65_536,
      blocks: 28,
      width: 1024,
      heads: 16,
      kvHeads: 8,
      headSize: 128,
      feedForward: 3072,
    }),
  ),
  speedShape(
    "Granite 1B-A0.4B Q4_0",
    qwen3Moe(
      { ...frame, blocks: 24, width: 1024, heads: 16, kvHeads: 8, headSize: 64, feedForward: 512 },
      { count: 32, used: 8, inner: 512 },
    ),
    "Q4_0",
  ),
  speedShape(
    "TinyLlama 1.1B Q4_0",
    llama({ ...frame, blocks: 22, width: 2048, heads: 32, kvHeads: 4, feedForward: 5632 }),
    "Q4_0",
    LARGE_FULL_TOKENS,
  ),
  speedShape(
    "Llama 3.2 1B Q8_0",
    llama({ ...frame, blocks: 16, width: 2048, heads: 32, kvHeads: 8, feedForward: 8192 }),
    "Q8_0",
    LARGE_FULL_TOKENS,
  ),
  speedShape(
    "Gemma 3 1B Q4_K_M",
    gemma3(
      {
        ...frame,
        vocabulary: 65_536,
        blocks: 26,
        width: 1152,
        heads: 4,
        kvHeads: 1,
        headSize: 256,
        feedForward: 6912,
      },
      512,
    ),
    null,
    LARGE_FULL_TOKENS,
  ),
  speedShape(
    "Heads of 80, 1B Q4_0",
    llama({ ...frame, blocks: 12, width: 2560, heads: 32, kvHeads: 32, feedForward: 6912 }),
    "Q4_0",
    LARGE_FULL_TOKENS,
  ),
  speedShape(
    "OLMoE 7B-A1B Q4_K_M",
    qwen3Moe(
      { ...frame, blocks: 16, width: 2048, heads: 16, kvHeads: 16, headSize: 128, feedForward: 1024 },
      { count: 64, used: 8, inner: 1024 },
    ),
    null,
    LARGE_FULL_TOKENS,
  ),
  speedShape(
    "Llama 3.2 3B Q4_K_M",
    llama({ ...frame, blocks: 28, width: 3072, heads: 24, kvHeads: 8, headSize: 128, feedForward: 8192 }),
    null,
    1000,
  ),
];
