import type { RecurrentRule } from "./architecture-traits";
import type { MetadataFields } from "./metadata-fields";

/** Far above any model. Keeps the product of two sizes an exact integer. */
const MAX_STATE_SIZE = 1 << 20;

/** f32 elements that one recurrent block keeps for one sequence. They do not grow with the context. */
export interface RecurrentState {
  readonly stateElements: number;
  readonly convElements: number;
}

/**
 * The size keys in the header show the kind of recurrence: RWKV, short convolution (LFM2), Kimi's delta attention,
 * lightning attention (MiniMax-01), or else Mamba or a gated delta net.
 * @see llama.cpp src/llama-hparams.cpp (n_embd_r, n_embd_s)
 */
export function recurrentState(
  fields: MetadataFields,
  architecture: string,
  embeddingLength: number,
  attention: { readonly headsPerBlock: readonly number[]; readonly headSizeK: number },
): RecurrentState {
  const firstHeads = attention.headsPerBlock[0] ?? 0;
  const convKernel = fields.count("{arch}.ssm.conv_kernel", MAX_STATE_SIZE) ?? 0;

  const wkvHeadSize = fields.count("{arch}.wkv.head_size", MAX_STATE_SIZE) ?? 0;
  if (wkvHeadSize > 0) {
    const tokenShifts = fields.count("{arch}.token_shift_count", MAX_STATE_SIZE) ?? 2;
    return { convElements: tokenShifts * embeddingLength, stateElements: embeddingLength * wkvHeadSize };
  }
  const shortConvolution = fields.count("{arch}.shortconv.l_cache", MAX_STATE_SIZE) ?? 0;
  if (shortConvolution > 0) return { convElements: embeddingLength * (shortConvolution - 1), stateElements: 0 };

  const deltaHeadSize = fields.count("{arch}.kda.head_dim", MAX_STATE_SIZE) ?? 0;
  if (deltaHeadSize > 0)
    return {
      convElements: 3 * (convKernel > 0 ? convKernel - 1 : 3) * firstHeads * deltaHeadSize,
      stateElements: deltaHeadSize * deltaHeadSize * firstHeads,
    };
  if (architecture === "minimax-01")
    return { convElements: 0, stateElements: attention.headSizeK * attention.headSizeK * firstHeads };

  const innerSize = fields.count("{arch}.ssm.inner_size", MAX_STATE_SIZE) ?? 0;
  const stateSize = fields.count("{arch}.ssm.state_size", MAX_STATE_SIZE) ?? 0;
  const groups = fields.count("{arch}.ssm.group_count", MAX_STATE_SIZE) ?? 0;
  return {
    convElements: Math.max(convKernel - 1, 0) * (innerSize + 2 * groups * stateSize),
    stateElements: stateSize * innerSize,
  };
}

export interface BlockMemory {
  readonly recurrent: boolean;
  readonly attention: boolean;
}

/** Whether each block has attention, a recurrent state, both, or neither. */
export function blockMemories(
  fields: MetadataFields,
  rule: RecurrentRule | undefined,
  kvHeadsPerBlock: readonly number[],
): readonly BlockMemory[] {
  const blocks = kvHeadsPerBlock.length;
  if (rule === undefined) return kvHeadsPerBlock.map(kvHeads => ({ recurrent: false, attention: kvHeads > 0 }));
  if (rule === "all") return kvHeadsPerBlock.map(() => ({ recurrent: true, attention: false }));
  if (rule === "beside-attention") return kvHeadsPerBlock.map(() => ({ recurrent: true, attention: true }));
  if (rule === "without-kv-heads")
    return kvHeadsPerBlock.map(kvHeads => ({ recurrent: kvHeads === 0, attention: kvHeads > 0 }));
  if (rule === "bare") {
    const feedForward = fields.countPerBlock("{arch}.feed_forward_length", blocks);
    return kvHeadsPerBlock.map((kvHeads, index) => {
      const bare = (feedForward?.[index] ?? 0) === 0;
      return { recurrent: bare && kvHeads === 0, attention: bare && kvHeads > 0 };
    });
  }
  const listed = fields.flagPerBlock("{arch}.attention.recurrent_layers", blocks);
  const attentionEvery = Math.max(1, fields.count("{arch}.full_attention_interval") ?? rule);
  return kvHeadsPerBlock.map((_, index) => {
    const recurrent = listed?.[index] ?? (index + 1) % attentionEvery !== 0;
    return { recurrent, attention: !recurrent };
  });
}
