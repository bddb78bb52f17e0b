import {
  ggufFileBytes,
  type WritableGguf,
  type WritableTensor,
  type WritableValue,
  writeGgufHeader,
} from "./gguf-writer";
import {
  at,
  attention,
  type BlockPart,
  deltaNet,
  feedForward,
  latentAttention,
  mamba,
  mamba2,
  matrix,
  mixtureOfExperts,
  norms,
  type PerBlock,
  shortConvolution,
  vector,
  weightType,
} from "./shape-parts";

/**
 * Shapes of real models, as their makers published them (config.json), written as llama.cpp's converters would.
 * A header made from one is sound; with the file stretched to `fileBytes` (sparse zeros) llama.cpp accepts it as a model.
 */
export interface ModelShape {
  readonly id: string;
  readonly family: string;
  readonly gguf: WritableGguf;
}

/** @returns the header of the file and the size that the file must have (write the header, then ftruncate) */
export function shapeFile(shape: ModelShape): { readonly header: Uint8Array; readonly fileBytes: number } {
  const header = writeGgufHeader(shape.gguf);
  return { header, fileBytes: ggufFileBytes(header, shape.gguf) };
}

export function modelShape(id: string): ModelShape {
  const found = [...realShapes, ...smallShapes].find(shape => shape.id === id);
  if (!found) throw new Error(`No model shape is called "${id}".`);
  return found;
}

interface Frame {
  readonly architecture: string;
  readonly blocks: number;
  readonly width: number;
  readonly vocabulary: number;
  readonly contextTokens: number;
  readonly tied?: boolean;
  readonly outputNorm?: string;
  readonly metadata: Readonly<Record<string, WritableValue>>;
  readonly shared?: readonly WritableTensor[];
  readonly block: BlockPart;
}

/** What all have in common: embedding, blocks, output norm and, unless tied, the output matrix. */
function model(frame: Frame): WritableGguf {
  const { architecture, blocks, width, vocabulary, contextTokens } = frame;
  const keys = Object.entries({
    context_length: contextTokens,
    embedding_length: width,
    block_count: blocks,
    // llama.cpp makes as many dummy tokens for "no_vocab": a real tokenizer would add megabytes and change no size.
    vocab_size: vocabulary,
    "attention.layer_norm_rms_epsilon": { type: "f32", value: 1e-6 } as const,
    ...frame.metadata,
  });
  return {
    metadata: {
      "general.architecture": architecture,
      "general.file_type": 15,
      "tokenizer.ggml.model": "no_vocab",
      ...Object.fromEntries(keys.map(([key, value]) => [`${architecture}.${key}`, value])),
    },
    tensors: [
      matrix("token_embd", width, vocabulary),
      ...(frame.shared ?? []),
      ...Array.from({ length: blocks }, (_, block) => frame.block(block)).flat(),
      vector(frame.outputNorm ?? "output_norm", width),
      ...(frame.tied ? [] : [matrix("output", width, vocabulary, weightType(width) === "Q4_K" ? "Q6_K" : undefined)]),
    ],
  };
}

const both =
  (...parts: readonly BlockPart[]): BlockPart =>
  block =>
    parts.flatMap(part => part(block));
const listed = (values: PerBlock): WritableValue => (typeof values === "number" ? values : { type: "u32", values });
const float = (value: number): WritableValue => ({ type: "f32", value });

interface TransformerSize {
  readonly blocks: number;
  readonly width: number;
  readonly heads: PerBlock;
  readonly kvHeads: PerBlock;
  /** Default: width / heads. */
  readonly headSize?: number;
  readonly feedForward: PerBlock;
  readonly vocabulary: number;
  readonly contextTokens: number;
}

interface TransformerOptions extends NonNullable<Parameters<typeof attention>[1]> {
  readonly tied?: boolean;
  readonly fusedGate?: boolean;
  readonly postNorms?: boolean;
  readonly windowTokens?: number;
  readonly shared?: readonly WritableTensor[];
  readonly metadata?: Readonly<Record<string, WritableValue>>;
  /** In place of the plain feed-forward. */
  readonly mixture?: BlockPart;
  readonly normNames?: readonly string[];
}

function transformer(architecture: string, size: TransformerSize, options: TransformerOptions = {}): WritableGguf {
  const headSize = size.headSize ?? size.width / at(size.heads, 0);
  const normNames = options.normNames ?? [
    "attn_norm",
    "ffn_norm",
    ...(options.postNorms ? ["post_attention_norm", "post_ffw_norm"] : []),
  ];
  return model({
    ...size,
    architecture,
    ...(options.tied === undefined ? {} : { tied: options.tied }),
    ...(options.shared === undefined ? {} : { shared: options.shared }),
    metadata: {
      "attention.head_count": listed(size.heads),
      "attention.head_count_kv": listed(size.kvHeads),
      feed_forward_length: listed(size.feedForward),
      "rope.dimension_count": headSize,
      ...(headSize * at(size.heads, 0) === size.width
        ? {}
        : { "attention.key_length": headSize, "attention.value_length": headSize }),
      ...(options.windowTokens === undefined ? {} : { "attention.sliding_window": options.windowTokens }),
      ...options.metadata,
    },
    block: both(
      norms(size.width, ...normNames),
      attention({ ...size, headSize }, options),
      options.mixture ?? feedForward(size.width, size.feedForward, options.fusedGate ? { fusedGate: true } : {}),
    ),
  });
}

const llama = (size: TransformerSize, options: TransformerOptions = {}) => transformer("llama", size, options);
const llama3 = (size: TransformerSize, options: TransformerOptions = {}) =>
  llama(size, { ...options, shared: [vector("rope_freqs", size.width / at(size.heads, 0) / 2)] });
const qwen2 = (size: TransformerSize) => transformer("qwen2", size, { bias: true });
const qwen3 = (size: TransformerSize, options: TransformerOptions = {}) =>
  transformer("qwen3", size, { headNorms: true, ...options });
const gemma2 = (size: TransformerSize, windowTokens: number) =>
  transformer("gemma2", size, {
    tied: true,
    postNorms: true,
    windowTokens,
    metadata: { attn_logit_softcapping: float(50), final_logit_softcapping: float(30) },
  });
const gemma3 = (size: TransformerSize, windowTokens: number) =>
  transformer("gemma3", size, { tied: true, postNorms: true, headNorms: true, windowTokens });
const phi3 = (size: TransformerSize) =>
  transformer("phi3", size, {
    fused: true,
    fusedGate: true,
    windowTokens: 2047,
    shared: ["rope_factors_long", "rope_factors_short"].map(name => vector(name, size.width / at(size.heads, 0) / 2)),
  });
const openElm = (size: TransformerSize) =>
  transformer("openelm", size, {
    fused: true,
    headNorms: true,
    tied: true,
    metadata: { "attention.key_length": 64, "attention.value_length": 64 },
  });

interface MixtureSize {
  readonly count: number;
  readonly used: number;
  readonly inner: number;
}
const mixtureMetadata = ({ count, used, inner }: MixtureSize) => ({
  expert_count: count,
  expert_used_count: used,
  expert_feed_forward_length: inner,
});
const qwen3Moe = (size: TransformerSize, mixture: MixtureSize) =>
  transformer("qwen3moe", size, {
    headNorms: true,
    metadata: mixtureMetadata(mixture),
    mixture: mixtureOfExperts({ width: size.width, ...mixture }),
  });
const gptOss = (size: TransformerSize, mixture: MixtureSize, windowTokens: number) =>
  transformer("gpt-oss", size, {
    bias: true,
    outputBias: true,
    sinks: true,
    windowTokens,
    normNames: ["attn_norm", "post_attention_norm"],
    metadata: mixtureMetadata(mixture),
    mixture: mixtureOfExperts({ width: size.width, ...mixture, type: "MXFP4", biases: true }),
  });

interface DeepSeekSize {
  readonly blocks: number;
  readonly width: number;
  readonly heads: number;
  readonly queryRank: number;
  readonly feedForward: number;
  readonly denseBlocks: number;
  readonly experts: MixtureSize;
  readonly sharedExperts: number;
  readonly vocabulary: number;
  readonly contextTokens: number;
  readonly routerCorrection?: boolean;
}

/** V2 and V3 share these sizes of the compressed cache. */
const latent = { kvRank: 512, ropeSize: 64, plainSize: 128, valueSize: 128 };

function deepSeek2(size: DeepSeekSize): WritableGguf {
  const { width, experts } = size;
  const dense = feedForward(width, size.feedForward);
  const sparse = mixtureOfExperts({
    width,
    ...experts,
    sharedInner: experts.inner * size.sharedExperts,
    ...(size.routerCorrection ? { routerCorrection: true } : {}),
  });
  return model({
    ...size,
    architecture: "deepseek2",
    metadata: {
      "attention.head_count": size.heads,
      "attention.head_count_kv": 1,
      "attention.key_length": latent.kvRank + latent.ropeSize,
      "attention.value_length": latent.kvRank,
      "attention.key_length_mla": latent.plainSize + latent.ropeSize,
      "attention.value_length_mla": latent.valueSize,
      "attention.kv_lora_rank": latent.kvRank,
      ...(size.queryRank > 0 ? { "attention.q_lora_rank": size.queryRank } : {}),
      "rope.dimension_count": latent.ropeSize,
      feed_forward_length: size.feedForward,
      leading_dense_block_count: size.denseBlocks,
      expert_shared_count: size.sharedExperts,
      expert_gating_func: size.routerCorrection ? 2 : 1,
      ...mixtureMetadata(experts),
    },
    block: block =>
      both(
        norms(width, "attn_norm", "ffn_norm"),
        latentAttention({ ...size, ...latent }),
        block < size.denseBlocks ? dense : sparse,
      )(block),
  });
}

interface MambaModelSize {
  readonly blocks: number;
  readonly width: number;
  readonly vocabulary: number;
  readonly stateSize: number;
  readonly timeStepRank: number;
}

function mambaModel(size: MambaModelSize): WritableGguf {
  const state = { ...size, inner: size.width * 2, convKernel: 4 };
  return model({
    ...size,
    architecture: "mamba",
    contextTokens: 1_048_576,
    tied: true,
    metadata: {
      "attention.head_count": 0,
      feed_forward_length: 0,
      ...stateMetadata(state),
    },
    block: both(norms(size.width, "attn_norm"), mamba(state)),
  });
}

const stateMetadata = (state: {
  readonly inner: number;
  readonly convKernel: number;
  readonly stateSize: number;
  readonly timeStepRank: number;
  readonly groups?: number;
}) => ({
  "ssm.conv_kernel": state.convKernel,
  "ssm.inner_size": state.inner,
  "ssm.state_size": state.stateSize,
  "ssm.time_step_rank": state.timeStepRank,
  ...(state.groups === undefined ? {} : { "ssm.group_count": state.groups }),
});

interface HybridSize extends TransformerSize {
  /** Blocks with attention; the others are recurrent. */
  readonly attentionBlocks: readonly number[];
}

const kvHeadsOf = (size: HybridSize): readonly number[] =>
  Array.from({ length: size.blocks }, (_, block) =>
    size.attentionBlocks.includes(block) ? at(size.kvHeads, block) : 0,
  );

function lfm2(size: HybridSize): WritableGguf {
  const headSize = size.width / at(size.heads, 0);
  const attentionPart = attention({ ...size, headSize }, { headNorms: true });
  const convolutionKernel = 3;
  return model({
    ...size,
    architecture: "lfm2",
    tied: true,
    outputNorm: "token_embd_norm",
    metadata: {
      "attention.head_count": listed(size.heads),
      "attention.head_count_kv": listed(kvHeadsOf(size)),
      feed_forward_length: listed(size.feedForward),
      "rope.dimension_count": headSize,
      "shortconv.l_cache": convolutionKernel,
    },
    block: block =>
      both(
        norms(size.width, "attn_norm", "ffn_norm"),
        size.attentionBlocks.includes(block) ? attentionPart : shortConvolution(size.width, convolutionKernel),
        feedForward(size.width, size.feedForward),
      )(block),
  });
}

interface StateSize {
  readonly inner: number;
  readonly stateSize: number;
  readonly heads: number;
  readonly groups: number;
}
const mamba2State = ({ inner, stateSize, heads, groups }: StateSize, width: number, norm: boolean) => ({
  width,
  inner,
  stateSize,
  timeStepRank: heads,
  groups,
  convKernel: 4,
  norm,
});

function falconH1(size: TransformerSize & { readonly headSize: number }, stateSize: StateSize): WritableGguf {
  const state = mamba2State(stateSize, size.width, false);
  return model({
    ...size,
    architecture: "falcon-h1",
    metadata: {
      "attention.head_count": listed(size.heads),
      "attention.head_count_kv": listed(size.kvHeads),
      "attention.key_length": size.headSize,
      "attention.value_length": size.headSize,
      "rope.dimension_count": size.headSize,
      feed_forward_length: listed(size.feedForward),
      ...stateMetadata(state),
    },
    block: both(
      norms(size.width, "attn_norm"),
      // Its converter writes this norm without ".weight".
      block => [{ name: `blk.${block}.ffn_norm`, dimensions: [size.width], type: "F32" }],
      attention(size),
      mamba2(state),
      feedForward(size.width, size.feedForward),
    ),
  });
}

function graniteHybrid(
  size: HybridSize,
  stateSize: StateSize,
  mixture: MixtureSize,
  sharedInner: number,
): WritableGguf {
  const state = mamba2State(stateSize, size.width, true);
  const headSize = size.width / at(size.heads, 0);
  return model({
    ...size,
    architecture: "granitehybrid",
    tied: true,
    metadata: {
      "attention.head_count": listed(size.heads),
      "attention.head_count_kv": listed(kvHeadsOf(size)),
      "rope.dimension_count": headSize,
      feed_forward_length: mixture.inner,
      expert_count: mixture.count,
      expert_used_count: mixture.used,
      expert_shared_feed_forward_length: sharedInner,
      ...stateMetadata(state),
    },
    block: block =>
      both(
        norms(size.width, "attn_norm", "ffn_norm"),
        size.attentionBlocks.includes(block) ? attention({ ...size, headSize }) : mamba2(state),
        mixtureOfExperts({ width: size.width, ...mixture, sharedInner }),
      )(block),
  });
}

function qwen3Next(
  size: TransformerSize & { readonly headSize: number },
  linear: { readonly keyHeads: number; readonly valueHeads: number; readonly headSize: number },
  mixture: MixtureSize,
): WritableGguf {
  const attentionEvery = 4;
  const convKernel = 4;
  return model({
    ...size,
    architecture: "qwen3next",
    metadata: {
      "attention.head_count": listed(size.heads),
      "attention.head_count_kv": listed(size.kvHeads),
      "attention.key_length": size.headSize,
      "attention.value_length": size.headSize,
      "rope.dimension_count": size.headSize / 4,
      feed_forward_length: listed(size.feedForward),
      full_attention_interval: attentionEvery,
      expert_shared_feed_forward_length: mixture.inner,
      ...mixtureMetadata(mixture),
      ...stateMetadata({
        inner: linear.valueHeads * linear.headSize,
        convKernel,
        stateSize: linear.headSize,
        timeStepRank: linear.valueHeads,
        groups: linear.keyHeads,
      }),
    },
    block: block =>
      both(
        norms(size.width, "attn_norm", "post_attention_norm"),
        (block + 1) % attentionEvery === 0
          ? attention(size, { headNorms: true, gated: true })
          : deltaNet({ width: size.width, ...linear, convKernel }),
        mixtureOfExperts({ width: size.width, ...mixture, sharedInner: mixture.inner, sharedGate: true }),
      )(block),
  });
}

const shape = (id: string, family: string, gguf: WritableGguf): ModelShape => ({
  id,
  family,
  gguf: { ...gguf, metadata: { ...gguf.metadata, "general.name": id } },
});

/**
 * A SentencePiece vocabulary as small as llama.cpp can tokenize with: the special tokens, all bytes, then words nobody types.
 * Loading for real needs one, a dry run does not.
 */
function withTokenizer({ metadata, tensors }: WritableGguf): WritableGguf {
  const size = tensors.find(tensor => tensor.name === "token_embd.weight")?.dimensions[1] ?? 0;
  // For models named Phi-3, llama.cpp looks for <|endoftext|> by name.
  const special = ["<unk>", "<s>", "</s>", "<|endoftext|>"];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const named = [...special, ...bytes];
  const tokens = Array.from({ length: size }, (_, index) => named[index] ?? `\u2581w${index}`);
  // llama_token_type: 2 unknown, 3 control, 6 byte, 1 normal.
  const types = tokens.map((_, index) => (index === 0 ? 2 : index < special.length ? 3 : index < named.length ? 6 : 1));
  return {
    tensors,
    metadata: {
      ...metadata,
      "tokenizer.ggml.model": "llama",
      "tokenizer.ggml.tokens": { strings: tokens },
      "tokenizer.ggml.scores": { type: "f32", values: tokens.map((_, index) => -index) },
      "tokenizer.ggml.token_type": { type: "i32", values: types },
      "tokenizer.ggml.bos_token_id": 1,
      "tokenizer.ggml.eos_token_id": 2,
      "tokenizer.ggml.unknown_token_id": 0,
    },
  };
}

const loadable = (id: string, family: string, gguf: WritableGguf): ModelShape => {
  const named = shape(id, family, gguf);
  return { ...named, gguf: withTokenizer(named.gguf) };
};

/** OpenELM grows its heads and its feed-forward from block to block. */
const openElm270mHeads = [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20];
const openElm270mInner = [
  768, 1024, 1280, 1536, 1792, 2048, 2560, 2816, 3072, 3328, 3584, 3840, 4352, 4608, 4864, 5120,
];

/** The real sizes: files of up to hundreds of GB, for dry runs only. */
export const realShapes: readonly ModelShape[] = [
  shape(
    "llama-2-7b",
    "Llama 2",
    llama({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 32,
      feedForward: 11_008,
      vocabulary: 32_000,
      contextTokens: 4096,
    }),
  ),
  shape(
    "llama-3.1-8b",
    "Llama 3",
    llama3({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      feedForward: 14_336,
      vocabulary: 128_256,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "mistral-7b-v0.1",
    "Mistral",
    llama({
      blocks: 32,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      feedForward: 14_336,
      vocabulary: 32_000,
      contextTokens: 32_768,
    }),
  ),
  shape(
    "mistral-small-22b",
    "Mistral",
    llama({
      blocks: 56,
      width: 6144,
      heads: 48,
      kvHeads: 8,
      feedForward: 16_384,
      vocabulary: 32_768,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "qwen2.5-7b",
    "Qwen2",
    qwen2({
      blocks: 28,
      width: 3584,
      heads: 28,
      kvHeads: 4,
      feedForward: 18_944,
      vocabulary: 152_064,
      contextTokens: 32_768,
    }),
  ),
  shape(
    "qwen3-0.6b",
    "Qwen3",
    qwen3(
      {
        blocks: 28,
        width: 1024,
        heads: 16,
        kvHeads: 8,
        headSize: 128,
        feedForward: 3072,
        vocabulary: 151_936,
        contextTokens: 40_960,
      },
      { tied: true },
    ),
  ),
  shape(
    "qwen3-8b",
    "Qwen3",
    qwen3({
      blocks: 36,
      width: 4096,
      heads: 32,
      kvHeads: 8,
      headSize: 128,
      feedForward: 12_288,
      vocabulary: 151_936,
      contextTokens: 40_960,
    }),
  ),
  shape(
    "qwen3-30b-a3b",
    "Qwen3-MoE",
    qwen3Moe(
      {
        blocks: 48,
        width: 2048,
        heads: 32,
        kvHeads: 4,
        headSize: 128,
        feedForward: 6144,
        vocabulary: 151_936,
        contextTokens: 40_960,
      },
      { count: 128, used: 8, inner: 768 },
    ),
  ),
  shape(
    "gemma-2-9b",
    "Gemma 2",
    gemma2(
      {
        blocks: 42,
        width: 3584,
        heads: 16,
        kvHeads: 8,
        headSize: 256,
        feedForward: 14_336,
        vocabulary: 256_000,
        contextTokens: 8192,
      },
      4096,
    ),
  ),
  shape(
    "gemma-3-12b",
    "Gemma 3",
    gemma3(
      {
        blocks: 48,
        width: 3840,
        heads: 16,
        kvHeads: 8,
        headSize: 256,
        feedForward: 15_360,
        vocabulary: 262_208,
        contextTokens: 131_072,
      },
      1024,
    ),
  ),
  shape(
    "phi-3-mini",
    "Phi-3",
    phi3({
      blocks: 32,
      width: 3072,
      heads: 32,
      kvHeads: 32,
      feedForward: 8192,
      vocabulary: 32_064,
      contextTokens: 131_072,
    }),
  ),
  shape(
    "deepseek-v2-lite",
    "DeepSeek V2",
    deepSeek2({
      blocks: 27,
      width: 2048,
      heads: 16,
      queryRank: 0,
      feedForward: 10_944,
      denseBlocks: 1,
      experts: { count: 64, used: 6, inner: 1408 },
      sharedExperts: 2,
      vocabulary: 102_400,
      contextTokens: 163_840,
    }),
  ),
  shape(
    "deepseek-v3",
    "DeepSeek V3",
    deepSeek2({
      blocks: 61,
      width: 7168,
      heads: 128,
      queryRank: 1536,
      feedForward: 18_432,
      denseBlocks: 3,
      experts: { count: 256, used: 8, inner: 2048 },
      sharedExperts: 1,
      vocabulary: 129_280,
      contextTokens: 163_840,
      routerCorrection: true,
    }),
  ),
  shape(
    "gpt-oss-20b",
    "GPT-OSS",
    gptOss(
      {
        blocks: 24,
        width: 2880,
        heads: 64,
        kvHeads: 8,
        headSize: 64,
        feedForward: 2880,
        vocabulary: 201_088,
        contextTokens: 131_072,
      },
      { count: 32, used: 4, inner: 2880 },
      128,
    ),
  ),
  shape(
    "mamba-2.8b",
    "Mamba",
    mambaModel({ blocks: 64, width: 2560, vocabulary: 50_280, stateSize: 16, timeStepRank: 160 }),
  ),
  shape(
    "lfm2-1.2b",
    "LFM2",
    lfm2({
      blocks: 16,
      width: 2048,
      heads: 32,
      kvHeads: 8,
      feedForward: 8192,
      vocabulary: 65_536,
      contextTokens: 128_000,
      attentionBlocks: [2, 5, 8, 10, 12, 14],
    }),
  ),
  shape(
    "falcon-h1-0.5b",
    "Falcon-H1",
    falconH1(
      {
        blocks: 36,
        width: 1024,
        heads: 8,
        kvHeads: 2,
        headSize: 64,
        feedForward: 2048,
        vocabulary: 32_784,
        contextTokens: 16_384,
      },
      { inner: 1536, stateSize: 128, heads: 24, groups: 1 },
    ),
  ),
  shape(
    "granite-4.0-h-tiny",
    "Granite 4",
    graniteHybrid(
      {
        blocks: 40,
        width: 1536,
        heads: 12,
        kvHeads: 4,
        feedForward: 512,
        vocabulary: 100_352,
        contextTokens: 131_072,
        attentionBlocks: [5, 15, 25, 35],
      },
      { inner: 3072, stateSize: 128, heads: 48, groups: 1 },
      { count: 64, used: 6, inner: 512 },
      1024,
    ),
  ),
  shape(
    "qwen3-next-80b-a3b",
    "Qwen3-Next",
    qwen3Next(
      {
        blocks: 48,
        width: 2048,
        heads: 16,
        kvHeads: 2,
        headSize: 256,
        feedForward: 5120,
        vocabulary: 151_936,
        contextTokens: 262_144,
      },
      { keyHeads: 16, valueHeads: 32, headSize: 128 },
      { count: 512, used: 10, inner: 512 },
    ),
  ),
  shape(
    "openelm-270m",
    "OpenELM",
    openElm({
      blocks: 16,
      width: 1280,
      heads: openElm270mHeads,
      kvHeads: openElm270mHeads.map(heads => heads / 4),
      headSize: 64,
      feedForward: openElm270mInner,
      vocabulary: 32_000,
      contextTokens: 2048,
    }),
  ),
];

/**
 * The same structures in a size that a 2 GiB device really loads: at most some 160 MB each. Trained contexts are short enough that no
 * block's K or V exceeds 128 MiB, the largest tensor of a software Vulkan device: beyond it llama.cpp aborts.
 */
export const smallShapes: readonly ModelShape[] = [
  loadable(
    "small-llama-2",
    "Llama 2",
    llama({ blocks: 8, width: 512, heads: 8, kvHeads: 8, feedForward: 1536, vocabulary: 32_000, contextTokens: 4096 }),
  ),
  loadable(
    "small-llama-3",
    "Llama 3",
    llama3({
      blocks: 8,
      width: 1024,
      heads: 16,
      kvHeads: 4,
      feedForward: 2816,
      vocabulary: 16_384,
      contextTokens: 131_072,
    }),
  ),
  loadable(
    "small-mistral",
    "Mistral",
    llama({
      blocks: 10,
      width: 768,
      heads: 12,
      kvHeads: 4,
      feedForward: 2048,
      vocabulary: 32_000,
      contextTokens: 32_768,
    }),
  ),
  loadable(
    "small-qwen2",
    "Qwen2",
    qwen2({
      blocks: 8,
      width: 896,
      heads: 14,
      kvHeads: 2,
      feedForward: 4864,
      vocabulary: 32_768,
      contextTokens: 32_768,
    }),
  ),
  loadable(
    "small-qwen3",
    "Qwen3",
    qwen3(
      {
        blocks: 8,
        width: 512,
        heads: 8,
        kvHeads: 4,
        headSize: 128,
        feedForward: 1536,
        vocabulary: 32_768,
        contextTokens: 40_960,
      },
      { tied: true },
    ),
  ),
  loadable(
    "small-qwen3-moe",
    "Qwen3-MoE",
    qwen3Moe(
      {
        blocks: 6,
        width: 512,
        heads: 8,
        kvHeads: 2,
        headSize: 128,
        feedForward: 1536,
        vocabulary: 32_768,
        contextTokens: 40_960,
      },
      { count: 16, used: 4, inner: 256 },
    ),
  ),
  loadable(
    "small-gemma-2",
    "Gemma 2",
    gemma2(
      {
        blocks: 8,
        width: 768,
        heads: 4,
        kvHeads: 2,
        headSize: 256,
        feedForward: 3072,
        vocabulary: 64_000,
        contextTokens: 8192,
      },
      1024,
    ),
  ),
  loadable(
    "small-gemma-3",
    "Gemma 3",
    gemma3(
      {
        blocks: 12,
        width: 768,
        heads: 4,
        kvHeads: 1,
        headSize: 256,
        feedForward: 3072,
        vocabulary: 64_000,
        contextTokens: 32_768,
      },
      512,
    ),
  ),
  loadable(
    "small-phi-3",
    "Phi-3",
    phi3({
      blocks: 8,
      width: 768,
      heads: 8,
      kvHeads: 8,
      feedForward: 2048,
      vocabulary: 32_064,
      contextTokens: 65_536,
    }),
  ),
  loadable(
    "small-deepseek-2",
    "DeepSeek V2",
    deepSeek2({
      blocks: 6,
      width: 512,
      heads: 4,
      queryRank: 256,
      feedForward: 1536,
      denseBlocks: 1,
      experts: { count: 16, used: 4, inner: 256 },
      sharedExperts: 1,
      vocabulary: 16_384,
      contextTokens: 65_536,
      routerCorrection: true,
    }),
  ),
  loadable(
    "small-gpt-oss",
    "GPT-OSS",
    gptOss(
      {
        blocks: 6,
        width: 576,
        heads: 8,
        kvHeads: 2,
        headSize: 64,
        feedForward: 576,
        vocabulary: 16_384,
        contextTokens: 131_072,
      },
      { count: 8, used: 2, inner: 576 },
      128,
    ),
  ),
  loadable(
    "small-mamba",
    "Mamba",
    mambaModel({ blocks: 8, width: 768, vocabulary: 50_280, stateSize: 16, timeStepRank: 48 }),
  ),
  loadable(
    "small-lfm2",
    "LFM2",
    lfm2({
      blocks: 8,
      width: 1024,
      heads: 16,
      kvHeads: 4,
      feedForward: 2560,
      vocabulary: 32_768,
      contextTokens: 128_000,
      attentionBlocks: [2, 5, 7],
    }),
  ),
  loadable(
    "small-falcon-h1",
    "Falcon-H1",
    falconH1(
      {
        blocks: 8,
        width: 512,
        heads: 4,
        kvHeads: 2,
        headSize: 64,
        feedForward: 1024,
        vocabulary: 32_768,
        contextTokens: 131_072,
      },
      { inner: 768, stateSize: 128, heads: 12, groups: 1 },
    ),
  ),
  loadable(
    "small-granite-hybrid",
    "Granite 4",
    graniteHybrid(
      {
        blocks: 8,
        width: 512,
        heads: 8,
        kvHeads: 2,
        feedForward: 256,
        vocabulary: 32_768,
        contextTokens: 131_072,
        attentionBlocks: [3, 7],
      },
      { inner: 1024, stateSize: 128, heads: 16, groups: 1 },
      { count: 8, used: 2, inner: 256 },
      512,
    ),
  ),
  loadable(
    "small-qwen3-next",
    "Qwen3-Next",
    qwen3Next(
      {
        blocks: 8,
        width: 512,
        heads: 4,
        kvHeads: 2,
        headSize: 256,
        feedForward: 1024,
        vocabulary: 32_768,
        contextTokens: 65_536,
      },
      { keyHeads: 4, valueHeads: 8, headSize: 64 },
      { count: 16, used: 4, inner: 256 },
    ),
  ),
  loadable(
    "small-openelm",
    "OpenELM",
    openElm({
      blocks: 6,
      width: 640,
      heads: [8, 8, 12, 12, 16, 16],
      kvHeads: [2, 2, 3, 3, 4, 4],
      headSize: 64,
      feedForward: [512, 768, 1024, 1280, 1536, 1792],
      vocabulary: 32_000,
      contextTokens: 2048,
    }),
  ),
];
