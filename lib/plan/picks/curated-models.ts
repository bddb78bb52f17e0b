/** A file of a curated model. */
export interface CuratedFile {
  readonly quantization: string;
  /** Its path in the repository. */
  readonly file: string;
  /** Decimal gigabytes, as the hub prints them. */
  readonly gigabytes: number;
  /** `listing`: read in a public listing of this file or of the same quantization of this model. `estimate`: within about 2 %. */
  readonly sizeFrom: "listing" | "estimate";
}

/** A well-known chat model, with the facts that an estimate without its header needs. */
export interface CuratedModel {
  readonly name: string;
  readonly architecture: string;
  /** On the hub: `owner/name`. */
  readonly repository: string;
  readonly licence: string;
  /** In billions. `active`: read for each token; the same as `all` where there are no experts. */
  readonly billions: { readonly all: number; readonly active: number };
  readonly blocks: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  readonly tied: boolean;
  readonly trainContextTokens: number;
  /** Every `fullEvery`th block sees the whole context, the others only the window. */
  readonly window?: { readonly tokens: number; readonly fullEvery: number };
  readonly experts?: { readonly count: number; readonly used: number; readonly inner: number };
  /** 1 to 100: the place in this list's own order of answers' quality at full precision. See CURATED_LIST. */
  readonly quality: number;
  readonly files: readonly CuratedFile[];
}

/** Where the list's figures come from. */
export const CURATED_LIST = {
  date: "2026-11-29",
  shapes:
    "blocks, heads, sizes and trained context as published with each model; written from memory, so they may be off: the hub's header decides",
  sizes:
    "public listings of the repositories; where none was at hand, parameters times the quantization's bits (sizeFrom: estimate)",
  quality:
    "Headroom's own order, by size and generation of the models and by what their makers publish (MMLU-Pro and the like). No measurement of ours, and no promise for a single task.",
} as const;

const listed = (quantization: string, file: string, gigabytes: number): CuratedFile => ({
  quantization,
  file,
  gigabytes,
  sizeFrom: "listing",
});
const estimated = (quantization: string, file: string, gigabytes: number): CuratedFile => ({
  quantization,
  file,
  gigabytes,
  sizeFrom: "estimate",
});

const QWEN3 = {
  architecture: "qwen3",
  licence: "Apache 2.0",
  headSize: 128,
  kvHeads: 8,
  vocabulary: 151_936,
  trainContextTokens: 40_960,
} as const;
const LLAMA3 = {
  architecture: "llama",
  kvHeads: 8,
  vocabulary: 128_256,
  trainContextTokens: 131_072,
} as const;
const GEMMA3 = {
  architecture: "gemma3",
  licence: "Gemma licence",
  vocabulary: 262_144,
  tied: true,
} as const;

/** A row of the list: its facts in a few short lines. */
const model = <About, Blocks, Text, Origin>(
  about: About,
  blocks: Blocks,
  text: Text,
  origin: Origin,
  files: readonly CuratedFile[],
): About & Blocks & Text & Origin & Pick<CuratedModel, "files"> => ({ ...about, ...blocks, ...text, ...origin, files });

/** The models that Headroom proposes. Read CURATED_LIST before changing a figure, and change its date. */
export const curatedModels: readonly CuratedModel[] = [
  model(
    { name: "SmolLM2 360M Instruct", repository: "bartowski/SmolLM2-360M-Instruct-GGUF", quality: 8 },
    { blocks: 32, width: 960, heads: 15, kvHeads: 5, headSize: 64, feedForward: 2560 },
    { vocabulary: 49_152, tied: true, trainContextTokens: 8192 },
    { architecture: "llama", licence: "Apache 2.0", billions: { all: 0.36, active: 0.36 } },
    [listed("Q8_0", "SmolLM2-360M-Instruct-Q8_0.gguf", 0.386)],
  ),
  model(
    { ...QWEN3, name: "Qwen3 0.6B", repository: "Qwen/Qwen3-0.6B-GGUF", quality: 18 },
    { blocks: 28, width: 1024, heads: 16, feedForward: 3072 },
    { tied: true },
    { billions: { all: 0.6, active: 0.6 } },
    [estimated("Q8_0", "Qwen3-0.6B-Q8_0.gguf", 0.639)],
  ),
  model(
    { ...LLAMA3, name: "Llama 3.2 1B Instruct", repository: "bartowski/Llama-3.2-1B-Instruct-GGUF", quality: 17 },
    { blocks: 16, width: 2048, heads: 32, headSize: 64, feedForward: 8192 },
    { tied: true },
    { licence: "Llama 3.2 licence", billions: { all: 1.24, active: 1.24 } },
    [
      listed("Q4_K_M", "Llama-3.2-1B-Instruct-Q4_K_M.gguf", 0.808),
      estimated("Q8_0", "Llama-3.2-1B-Instruct-Q8_0.gguf", 1.32),
    ],
  ),
  model(
    { ...GEMMA3, name: "Gemma 3 1B it", repository: "ggml-org/gemma-3-1b-it-GGUF", quality: 20 },
    { blocks: 26, width: 1152, heads: 4, kvHeads: 1, headSize: 256, feedForward: 6912 },
    { trainContextTokens: 32_768, window: { tokens: 512, fullEvery: 6 } },
    { billions: { all: 1, active: 1 } },
    [estimated("Q4_K_M", "gemma-3-1b-it-Q4_K_M.gguf", 0.806), estimated("Q8_0", "gemma-3-1b-it-Q8_0.gguf", 1.07)],
  ),
  model(
    { name: "SmolLM2 1.7B Instruct", repository: "bartowski/SmolLM2-1.7B-Instruct-GGUF", quality: 22 },
    { blocks: 24, width: 2048, heads: 32, kvHeads: 32, headSize: 64, feedForward: 8192 },
    { vocabulary: 49_152, tied: true, trainContextTokens: 8192 },
    { architecture: "llama", licence: "Apache 2.0", billions: { all: 1.71, active: 1.71 } },
    [estimated("Q4_K_M", "SmolLM2-1.7B-Instruct-Q4_K_M.gguf", 1.06)],
  ),
  model(
    { ...QWEN3, name: "Qwen3 1.7B", repository: "Qwen/Qwen3-1.7B-GGUF", quality: 32 },
    { blocks: 28, width: 2048, heads: 16, feedForward: 6144 },
    { tied: true },
    { billions: { all: 1.72, active: 1.72 } },
    [estimated("Q8_0", "Qwen3-1.7B-Q8_0.gguf", 1.83)],
  ),
  model(
    { ...LLAMA3, name: "SmolLM3 3B", repository: "ggml-org/SmolLM3-3B-GGUF", quality: 40 },
    { blocks: 36, width: 2048, heads: 16, kvHeads: 4, headSize: 128, feedForward: 11_008 },
    { tied: true, trainContextTokens: 65_536 },
    { architecture: "smollm3", licence: "Apache 2.0", billions: { all: 3.08, active: 3.08 } },
    [listed("Q4_K_M", "SmolLM3-Q4_K_M.gguf", 1.915), estimated("Q8_0", "SmolLM3-Q8_0.gguf", 3.28)],
  ),
  model(
    { ...LLAMA3, name: "Llama 3.2 3B Instruct", repository: "bartowski/Llama-3.2-3B-Instruct-GGUF", quality: 36 },
    { blocks: 28, width: 3072, heads: 24, headSize: 128, feedForward: 8192 },
    { tied: true },
    { licence: "Llama 3.2 licence", billions: { all: 3.21, active: 3.21 } },
    [
      listed("Q4_K_M", "Llama-3.2-3B-Instruct-Q4_K_M.gguf", 2.02),
      estimated("Q6_K", "Llama-3.2-3B-Instruct-Q6_K.gguf", 2.64),
    ],
  ),
  model(
    { ...GEMMA3, name: "Gemma 3 4B it", repository: "ggml-org/gemma-3-4b-it-GGUF", quality: 47 },
    { blocks: 34, width: 2560, heads: 8, kvHeads: 4, headSize: 256, feedForward: 10_240 },
    { trainContextTokens: 131_072, window: { tokens: 1024, fullEvery: 6 } },
    { billions: { all: 3.88, active: 3.88 } },
    [estimated("Q4_K_M", "gemma-3-4b-it-Q4_K_M.gguf", 2.49), estimated("Q8_0", "gemma-3-4b-it-Q8_0.gguf", 4.13)],
  ),
  model(
    { name: "Phi-4 mini Instruct", repository: "bartowski/microsoft_Phi-4-mini-instruct-GGUF", quality: 46 },
    { blocks: 32, width: 3072, heads: 24, kvHeads: 8, headSize: 128, feedForward: 8192 },
    { vocabulary: 200_064, tied: true, trainContextTokens: 131_072 },
    { architecture: "phi3", licence: "MIT", billions: { all: 3.84, active: 3.84 } },
    [
      listed("Q4_K_M", "microsoft_Phi-4-mini-instruct-Q4_K_M.gguf", 2.49),
      estimated("Q6_K", "microsoft_Phi-4-mini-instruct-Q6_K.gguf", 3.16),
    ],
  ),
  model(
    { ...QWEN3, name: "Qwen3 4B", repository: "Qwen/Qwen3-4B-GGUF", quality: 52 },
    { blocks: 36, width: 2560, heads: 32, feedForward: 9728 },
    { tied: true },
    { billions: { all: 4.02, active: 4.02 } },
    [
      listed("Q4_K_M", "Qwen3-4B-Q4_K_M.gguf", 2.5),
      listed("Q6_K", "Qwen3-4B-Q6_K.gguf", 3.31),
      listed("Q8_0", "Qwen3-4B-Q8_0.gguf", 4.28),
    ],
  ),
  model(
    { name: "Mistral 7B Instruct v0.3", repository: "bartowski/Mistral-7B-Instruct-v0.3-GGUF", quality: 34 },
    { blocks: 32, width: 4096, heads: 32, kvHeads: 8, headSize: 128, feedForward: 14_336 },
    { vocabulary: 32_768, tied: false, trainContextTokens: 32_768 },
    { architecture: "llama", licence: "Apache 2.0", billions: { all: 7.25, active: 7.25 } },
    [estimated("Q4_K_M", "Mistral-7B-Instruct-v0.3-Q4_K_M.gguf", 4.37)],
  ),
  model(
    { ...LLAMA3, name: "Llama 3.1 8B Instruct", repository: "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", quality: 48 },
    { blocks: 32, width: 4096, heads: 32, headSize: 128, feedForward: 14_336 },
    { tied: false },
    { licence: "Llama 3.1 licence", billions: { all: 8.03, active: 8.03 } },
    [
      listed("Q4_K_M", "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", 4.92),
      listed("Q8_0", "Meta-Llama-3.1-8B-Instruct-Q8_0.gguf", 8.54),
    ],
  ),
  model(
    { ...QWEN3, name: "Qwen3 8B", repository: "Qwen/Qwen3-8B-GGUF", quality: 60 },
    { blocks: 36, width: 4096, heads: 32, feedForward: 12_288 },
    { tied: false },
    { billions: { all: 8.19, active: 8.19 } },
    [
      estimated("Q4_K_M", "Qwen3-8B-Q4_K_M.gguf", 5.03),
      estimated("Q6_K", "Qwen3-8B-Q6_K.gguf", 6.73),
      estimated("Q8_0", "Qwen3-8B-Q8_0.gguf", 8.71),
    ],
  ),
  model(
    { ...GEMMA3, name: "Gemma 3 12B it", repository: "ggml-org/gemma-3-12b-it-GGUF", quality: 63 },
    { blocks: 48, width: 3840, heads: 16, kvHeads: 8, headSize: 256, feedForward: 15_360 },
    { trainContextTokens: 131_072, window: { tokens: 1024, fullEvery: 6 } },
    { billions: { all: 11.8, active: 11.8 } },
    [listed("Q4_K_M", "gemma-3-12b-it-Q4_K_M.gguf", 7.3), estimated("Q8_0", "gemma-3-12b-it-Q8_0.gguf", 12.5)],
  ),
  model(
    { name: "Mistral Nemo 12B Instruct", repository: "bartowski/Mistral-Nemo-Instruct-2407-GGUF", quality: 50 },
    { blocks: 40, width: 5120, heads: 32, kvHeads: 8, headSize: 128, feedForward: 14_336 },
    { vocabulary: 131_072, tied: false, trainContextTokens: 131_072 },
    { architecture: "llama", licence: "Apache 2.0", billions: { all: 12.2, active: 12.2 } },
    [estimated("Q4_K_M", "Mistral-Nemo-Instruct-2407-Q4_K_M.gguf", 7.48)],
  ),
  model(
    { name: "Phi-4 14B", repository: "bartowski/phi-4-GGUF", quality: 66 },
    { blocks: 40, width: 5120, heads: 40, kvHeads: 10, headSize: 128, feedForward: 17_920 },
    { vocabulary: 100_352, tied: false, trainContextTokens: 16_384 },
    { architecture: "phi3", licence: "MIT", billions: { all: 14.7, active: 14.7 } },
    [listed("Q4_K_M", "phi-4-Q4_K_M.gguf", 9.05), listed("Q6_K", "phi-4-Q6_K.gguf", 12)],
  ),
  model(
    { ...QWEN3, name: "Qwen3 14B", repository: "Qwen/Qwen3-14B-GGUF", quality: 67 },
    { blocks: 40, width: 5120, heads: 40, feedForward: 17_408 },
    { tied: false },
    { billions: { all: 14.8, active: 14.8 } },
    [
      listed("Q4_K_M", "Qwen3-14B-Q4_K_M.gguf", 9),
      estimated("Q6_K", "Qwen3-14B-Q6_K.gguf", 12.1),
      estimated("Q8_0", "Qwen3-14B-Q8_0.gguf", 15.7),
    ],
  ),
  model(
    { name: "gpt-oss 20B", repository: "ggml-org/gpt-oss-20b-GGUF", quality: 71 },
    { blocks: 24, width: 2880, heads: 64, kvHeads: 8, headSize: 64, feedForward: 2880 },
    {
      vocabulary: 201_088,
      tied: false,
      trainContextTokens: 131_072,
      window: { tokens: 128, fullEvery: 2 },
      experts: { count: 32, used: 4, inner: 2880 },
    },
    { architecture: "gpt-oss", licence: "Apache 2.0", billions: { all: 20.9, active: 3.6 } },
    [listed("MXFP4", "gpt-oss-20b-mxfp4.gguf", 12.11)],
  ),
  model(
    {
      name: "Mistral Small 3.2 24B",
      repository: "bartowski/mistralai_Mistral-Small-3.2-24B-Instruct-2506-GGUF",
      quality: 72,
    },
    { blocks: 40, width: 5120, heads: 32, kvHeads: 8, headSize: 128, feedForward: 32_768 },
    { vocabulary: 131_072, tied: false, trainContextTokens: 131_072 },
    { architecture: "llama", licence: "Apache 2.0", billions: { all: 23.6, active: 23.6 } },
    [
      listed("Q4_K_M", "mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q4_K_M.gguf", 14.33),
      estimated("Q6_K", "mistralai_Mistral-Small-3.2-24B-Instruct-2506-Q6_K.gguf", 19.3),
    ],
  ),
  model(
    { ...GEMMA3, name: "Gemma 3 27B it", repository: "ggml-org/gemma-3-27b-it-GGUF", quality: 73 },
    { blocks: 62, width: 5376, heads: 32, kvHeads: 16, headSize: 128, feedForward: 21_504 },
    { trainContextTokens: 131_072, window: { tokens: 1024, fullEvery: 6 } },
    { billions: { all: 27, active: 27 } },
    [estimated("Q4_K_M", "gemma-3-27b-it-Q4_K_M.gguf", 16.5), estimated("Q8_0", "gemma-3-27b-it-Q8_0.gguf", 28.7)],
  ),
  model(
    { ...QWEN3, name: "Qwen3 30B A3B", repository: "Qwen/Qwen3-30B-A3B-GGUF", quality: 74 },
    { blocks: 48, width: 2048, heads: 32, kvHeads: 4, feedForward: 6144 },
    { tied: false, experts: { count: 128, used: 8, inner: 768 } },
    { architecture: "qwen3moe", billions: { all: 30.5, active: 3.3 } },
    [
      listed("Q4_K_M", "Qwen3-30B-A3B-Q4_K_M.gguf", 18.557),
      listed("Q6_K", "Qwen3-30B-A3B-Q6_K.gguf", 25.1),
      listed("Q8_0", "Qwen3-30B-A3B-Q8_0.gguf", 32.48),
    ],
  ),
  model(
    { ...QWEN3, name: "Qwen3 32B", repository: "Qwen/Qwen3-32B-GGUF", quality: 79 },
    { blocks: 64, width: 5120, heads: 64, feedForward: 25_600 },
    { tied: false },
    { billions: { all: 32.8, active: 32.8 } },
    [
      listed("Q4_K_M", "Qwen3-32B-Q4_K_M.gguf", 19.8),
      estimated("Q6_K", "Qwen3-32B-Q6_K.gguf", 26.9),
      listed("Q8_0", "Qwen3-32B-Q8_0.gguf", 34.8),
    ],
  ),
  model(
    { ...LLAMA3, name: "Llama 3.3 70B Instruct", repository: "bartowski/Llama-3.3-70B-Instruct-GGUF", quality: 82 },
    { blocks: 80, width: 8192, heads: 64, headSize: 128, feedForward: 28_672 },
    { tied: false },
    { licence: "Llama 3.3 licence", billions: { all: 70.6, active: 70.6 } },
    [
      listed("Q3_K_M", "Llama-3.3-70B-Instruct-Q3_K_M.gguf", 34.3),
      listed("Q4_K_M", "Llama-3.3-70B-Instruct-Q4_K_M.gguf", 42.5),
    ],
  ),
];
