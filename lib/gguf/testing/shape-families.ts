import type { WritableGguf, WritableTensor, WritableValue } from "./gguf-writer";
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
    // For "no_vocab" llama.cpp makes this many dummy tokens. A real tokenizer would add megabytes and change no buffer.
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

export const llama = (size: TransformerSize, options: TransformerOptions = {}) => transformer("llama", size, options);
export const llama3 = (size: TransformerSize, options: TransformerOptions = {}) =>
  llama(size, { ...options, shared: [vector("rope_freqs", size.width / at(size.heads, 0) / 2)] });
export const qwen2 = (size: TransformerSize) => transformer("qwen2", size, { bias: true });
export const qwen3 = (size: TransformerSize, options: TransformerOptions = {}) =>
  transformer("qwen3", size, { headNorms: true, ...options });
export const gemma2 = (size: TransformerSize, windowTokens: number) =>
  transformer("gemma2", size, {
    tied: true,
    postNorms: true,
    windowTokens,
    metadata: { attn_logit_softcapping: float(50), final_logit_softcapping: float(30) },
  });
export const gemma3 = (size: TransformerSize, windowTokens: number) =>
  transformer("gemma3", size, { tied: true, postNorms: true, headNorms: true, windowTokens });
export const phi3 = (size: TransformerSize) =>
  transformer("phi3", size, {
    fused: true,
    fusedGate: true,
    windowTokens: 2047,
    shared: ["rope_factors_long", "rope_factors_short"].map(name => vector(name, size.width / at(size.heads, 0) / 2)),
  });
export const openElm = (size: TransformerSize) =>
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
export const qwen3Moe = (size: TransformerSize, mixture: MixtureSize) =>
  transformer("qwen3moe", size, {
    headNorms: true,
    metadata: mixtureMetadata(mixture),
    mixture: mixtureOfExperts({ width: size.width, ...mixture }),
  });
export const gptOss = (size: TransformerSize, mixture: MixtureSize, windowTokens: number) =>
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

export function deepSeek2(size: DeepSeekSize): WritableGguf {
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

export function mambaModel(size: MambaModelSize): WritableGguf {
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

export function lfm2(size: HybridSize): WritableGguf {
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

export function falconH1(size: TransformerSize & { readonly headSize: number }, stateSize: StateSize): WritableGguf {
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

export function graniteHybrid(
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

export function qwen3Next(
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

/**
 * The smallest SentencePiece vocabulary that llama.cpp can tokenize with: the special tokens, all bytes, then words nobody types.
 * A real load needs a vocabulary, a dry run does not.
 */
export function withTokenizer({ metadata, tensors }: WritableGguf): WritableGguf {
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
