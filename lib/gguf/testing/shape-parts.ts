import type { WritableTensor } from "./gguf-writer";

/** Tensors of one part of a block, by the block's index. Names and dimensions as in llama.cpp src/models/*.cpp. */
export type BlockPart = (block: number) => readonly WritableTensor[];

/**
 * The type that a Q4_K_M file uses for rows of this length. k-quants need rows of whole 256-element blocks. Other rows use Q8_0,
 * and rows too narrow for Q8_0 stay F32.
 */
export function weightType(rowElements: number): string {
  if (rowElements % 256 === 0) return "Q4_K";
  return rowElements % 32 === 0 ? "Q8_0" : "F32";
}

export const matrix = (name: string, inputs: number, outputs: number, type = weightType(inputs)): WritableTensor => ({
  name: `${name}.weight`,
  dimensions: [inputs, outputs],
  type,
});
export const vector = (name: string, elements: number): WritableTensor => ({
  name: `${name}.weight`,
  dimensions: [elements],
  type: "F32",
});
const bias = (name: string, ...dimensions: readonly number[]): WritableTensor => ({
  name: `${name}.bias`,
  dimensions,
  type: "F32",
});
const experts = (name: string, inputs: number, outputs: number, count: number, type?: string): WritableTensor => ({
  name: `${name}.weight`,
  dimensions: [inputs, outputs, count],
  type: type ?? weightType(inputs),
});

/** One number for all blocks, or one for each. */
export type PerBlock = number | readonly number[];
export const at = (values: PerBlock, block: number): number =>
  typeof values === "number" ? values : (values[block] ?? 0);

export const norms =
  (width: number, ...names: readonly string[]): BlockPart =>
  block =>
    names.map(name => vector(`blk.${block}.${name}`, width));

export interface AttentionSize {
  readonly width: number;
  readonly heads: PerBlock;
  readonly kvHeads: PerBlock;
  readonly headSize: number;
}

export const attention =
  (
    { width, heads, kvHeads, headSize }: AttentionSize,
    options: {
      readonly fused?: boolean;
      readonly bias?: boolean;
      readonly outputBias?: boolean;
      readonly headNorms?: boolean;
      readonly sinks?: boolean;
      /** The query also carries an output gate (Qwen3-Next). */
      readonly gated?: boolean;
    } = {},
  ): BlockPart =>
  block => {
    const prefix = `blk.${block}.attn`;
    const queryWidth = at(heads, block) * headSize;
    const kvWidth = at(kvHeads, block) * headSize;
    const inputs = options.fused
      ? [matrix(`${prefix}_qkv`, width, queryWidth + 2 * kvWidth)]
      : [
          matrix(`${prefix}_q`, width, options.gated ? queryWidth * 2 : queryWidth),
          matrix(`${prefix}_k`, width, kvWidth),
          matrix(`${prefix}_v`, width, kvWidth),
        ];
    return [
      ...inputs,
      ...(options.bias
        ? [bias(`${prefix}_q`, queryWidth), bias(`${prefix}_k`, kvWidth), bias(`${prefix}_v`, kvWidth)]
        : []),
      ...(options.headNorms ? [vector(`${prefix}_q_norm`, headSize), vector(`${prefix}_k_norm`, headSize)] : []),
      ...(options.sinks ? [vector(`${prefix}_sinks`, at(heads, block))] : []),
      matrix(`${prefix}_output`, queryWidth, width),
      ...(options.outputBias ? [bias(`${prefix}_output`, width)] : []),
    ];
  };

export interface LatentAttentionSize {
  readonly width: number;
  readonly heads: number;
  /** 0: queries are not compressed. */
  readonly queryRank: number;
  readonly kvRank: number;
  readonly ropeSize: number;
  readonly plainSize: number;
  readonly valueSize: number;
}

/** DeepSeek's multi-head latent attention, with the up-projection of K and V split as newer converters do. */
export const latentAttention =
  ({ width, heads, queryRank, kvRank, ropeSize, plainSize, valueSize }: LatentAttentionSize): BlockPart =>
  block => {
    const prefix = `blk.${block}.attn`;
    const queryWidth = heads * (plainSize + ropeSize);
    const query =
      queryRank > 0
        ? [
            vector(`${prefix}_q_a_norm`, queryRank),
            matrix(`${prefix}_q_a`, width, queryRank),
            matrix(`${prefix}_q_b`, queryRank, queryWidth),
          ]
        : [matrix(`${prefix}_q`, width, queryWidth)];
    return [
      ...query,
      vector(`${prefix}_kv_a_norm`, kvRank),
      matrix(`${prefix}_kv_a_mqa`, width, kvRank + ropeSize),
      experts(`${prefix}_k_b`, plainSize, kvRank, heads),
      experts(`${prefix}_v_b`, kvRank, valueSize, heads),
      matrix(`${prefix}_output`, heads * valueSize, width),
    ];
  };

export const feedForward =
  (width: number, inner: PerBlock, options: { readonly fusedGate?: boolean } = {}): BlockPart =>
  block => {
    const prefix = `blk.${block}.ffn`;
    const size = at(inner, block);
    return [
      ...(options.fusedGate
        ? [matrix(`${prefix}_up`, width, 2 * size)]
        : [matrix(`${prefix}_gate`, width, size), matrix(`${prefix}_up`, width, size)]),
      matrix(`${prefix}_down`, size, width),
    ];
  };

export interface ExpertsSize {
  readonly width: number;
  readonly count: number;
  readonly inner: number;
  /** Width of the expert that always runs; 0: there is none. */
  readonly sharedInner?: number;
  readonly type?: string;
  readonly biases?: boolean;
  /** DeepSeek V3 corrects the router's choice by a bias. */
  readonly routerCorrection?: boolean;
  /** Qwen gates its shared expert. */
  readonly sharedGate?: boolean;
}

export const mixtureOfExperts =
  ({ width, count, inner, sharedInner = 0, type, ...options }: ExpertsSize): BlockPart =>
  block => {
    const prefix = `blk.${block}.ffn`;
    return [
      matrix(`${prefix}_gate_inp`, width, count, "F32"),
      experts(`${prefix}_gate_exps`, width, inner, count, type),
      experts(`${prefix}_down_exps`, inner, width, count, type),
      experts(`${prefix}_up_exps`, width, inner, count, type),
      ...(options.biases
        ? [
            bias(`${prefix}_gate_inp`, count),
            bias(`${prefix}_gate_exps`, inner, count),
            bias(`${prefix}_down_exps`, width, count),
            bias(`${prefix}_up_exps`, inner, count),
          ]
        : []),
      ...(options.routerCorrection ? [bias(`blk.${block}.exp_probs_b`, count)] : []),
      ...(options.sharedGate ? [vector(`${prefix}_gate_inp_shexp`, width)] : []),
      ...(sharedInner > 0
        ? [
            matrix(`${prefix}_gate_shexp`, width, sharedInner),
            matrix(`${prefix}_up_shexp`, width, sharedInner),
            matrix(`${prefix}_down_shexp`, sharedInner, width),
          ]
        : []),
    ];
  };

/** Mamba 1: every channel has its own state. */
export interface MambaSize {
  readonly width: number;
  readonly inner: number;
  readonly convKernel: number;
  readonly stateSize: number;
  readonly timeStepRank: number;
}

export const mamba =
  ({ width, inner, convKernel, stateSize, timeStepRank }: MambaSize): BlockPart =>
  block => {
    const prefix = `blk.${block}.ssm`;
    return [
      matrix(`${prefix}_in`, width, 2 * inner),
      matrix(`${prefix}_conv1d`, convKernel, inner, "F32"),
      bias(`${prefix}_conv1d`, inner),
      matrix(`${prefix}_x`, inner, timeStepRank + 2 * stateSize),
      matrix(`${prefix}_dt`, timeStepRank, inner),
      bias(`${prefix}_dt`, inner),
      { name: `${prefix}_a`, dimensions: [stateSize, inner], type: "F32" },
      { name: `${prefix}_d`, dimensions: [inner], type: "F32" },
      matrix(`${prefix}_out`, inner, width),
    ];
  };

/** Mamba 2: heads share a state matrix in groups. `timeStepRank` is the number of heads. */
export interface Mamba2Size extends MambaSize {
  readonly groups: number;
  readonly norm: boolean;
}

export const mamba2 =
  ({ width, inner, convKernel, stateSize, timeStepRank: heads, groups, norm }: Mamba2Size): BlockPart =>
  block => {
    const prefix = `blk.${block}.ssm`;
    const convWidth = inner + 2 * groups * stateSize;
    return [
      matrix(`${prefix}_in`, width, inner + convWidth + heads),
      matrix(`${prefix}_conv1d`, convKernel, convWidth, "F32"),
      bias(`${prefix}_conv1d`, convWidth),
      bias(`${prefix}_dt`, heads),
      { name: `${prefix}_a`, dimensions: [1, heads], type: "F32" },
      { name: `${prefix}_d`, dimensions: [1, heads], type: "F32" },
      ...(norm ? [matrix(`${prefix}_norm`, inner / groups, groups, "F32")] : []),
      matrix(`${prefix}_out`, inner, width),
    ];
  };

export interface DeltaNetSize {
  readonly width: number;
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly headSize: number;
  readonly convKernel: number;
}

/** Gated delta net, the linear attention of Qwen3-Next. */
export const deltaNet =
  ({ width, keyHeads, valueHeads, headSize, convKernel }: DeltaNetSize): BlockPart =>
  block => {
    const prefix = `blk.${block}`;
    const convWidth = 2 * keyHeads * headSize + valueHeads * headSize;
    return [
      matrix(`${prefix}.attn_qkv`, width, convWidth),
      matrix(`${prefix}.attn_gate`, width, valueHeads * headSize),
      matrix(`${prefix}.ssm_conv1d`, convKernel, convWidth, "F32"),
      bias(`${prefix}.ssm_dt`, valueHeads),
      { name: `${prefix}.ssm_a`, dimensions: [valueHeads], type: "F32" },
      matrix(`${prefix}.ssm_ba`, width, 2 * valueHeads),
      vector(`${prefix}.ssm_norm`, headSize),
      matrix(`${prefix}.ssm_out`, valueHeads * headSize, width),
    ];
  };

/** LFM2's gated short convolution. */
export const shortConvolution =
  (width: number, kernel: number): BlockPart =>
  block => {
    const prefix = `blk.${block}.shortconv`;
    return [
      matrix(`${prefix}.conv`, kernel, width, "F32"),
      matrix(`${prefix}.in_proj`, width, 3 * width),
      matrix(`${prefix}.out_proj`, width, width),
    ];
  };
