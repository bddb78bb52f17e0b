import type { ArchitectureTraits } from "./architecture-traits";
import type { MetadataFields } from "./metadata-fields";
import type { BlockProfile } from "./model-profile";
import type { PlacedTensors } from "./place-tensors";
import { requiredKeys } from "./required-keys";

/** @see llama.cpp src/llama-vocab.cpp (llama_vocab::impl::load) */
const knownTokenizers = ["llama", "bert", "gpt2", "hybriddna", "whitespace", "t5", "rwkv", "test", "plamo2", "gemma4"];
const noTokenizers = ["no_vocab", "none"];
/** Tokenizers that need merges (pairs of tokens to join). Kimi K2 uses its own tokenizer under the name gpt2. */
const withMerges = ["gpt2", "hybriddna", "gemma4"];
/** These refuse rotated dimensions other than the head size: "invalid n_rot". @see llama.cpp src/llama-model.cpp (load_hparams) */
const fullyRotated = ["llama", "deci", "falcon", "llama-embed"];
/** @see llama.cpp src/llama-model.cpp (LLAMA_ROPE_SCALING_TYPES): any other ends in an assertion */
const ropeScalings = ["none", "linear", "yarn", "longrope"];
/** llama.cpp reads these as 32-bit numbers and reports "wrong type" for any other type, however small the value. */
const countKeys = [
  "context_length",
  "embedding_length",
  "block_count",
  "feed_forward_length",
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.value_length",
  "attention.sliding_window",
  "rope.dimension_count",
  "expert_count",
  "expert_used_count",
  "nextn_predict_layers",
] as const;

export interface LoadableInput {
  readonly fields: MetadataFields;
  readonly architecture: string;
  readonly traits: ArchitectureTraits;
  readonly blocks: readonly Pick<BlockProfile, "heads" | "kvHeads">[];
  readonly headSizeK: number;
  readonly placed: PlacedTensors;
}

/**
 * Why llama.cpp would refuse this model, or abort on it and end its process. Null if the header shows no reason. Other reasons
 * are found only by llama.cpp's dry run.
 *
 * @returns one sentence that names the key and its value
 */
export function loadRefusal(input: LoadableInput): string | null {
  const { fields, architecture, blocks } = input;
  const required = requiredKeys(architecture).map(key => (key.startsWith("xielu.") ? key : `{arch}.${key}`));
  const reason =
    missingKey(fields, required) ??
    wideNumber(fields) ??
    vocabularyFault(fields) ??
    feedForwardFault(input) ??
    headFault(input) ??
    expertFault(fields, blocks.length) ??
    ropeFault(fields);
  return reason === null ? null : `${reason}; llama.cpp cannot load it.`;
}

function missingKey(fields: MetadataFields, keys: readonly string[]): string | null {
  const missing = keys.find(key => !fields.has(key));
  return missing === undefined ? null : `This file has no ${fields.fullKey(missing)}`;
}

function wideNumber(fields: MetadataFields): string | null {
  const key = countKeys.map(name => `{arch}.${name}`).find(name => fields.isWideNumber(name));
  return key === undefined ? null : `${fields.fullKey(key)} is stored in 64 bits, where 32 are expected`;
}

function vocabularyFault(fields: MetadataFields): string | null {
  const tokenizer = fields.string("tokenizer.ggml.model");
  if (tokenizer === null) return missingKey(fields, ["tokenizer.ggml.model"]);
  if (noTokenizers.includes(tokenizer)) return null;
  if (!knownTokenizers.includes(tokenizer))
    return `This file's tokenizer is "${tokenizer.slice(0, 40)}", which is unknown`;
  const hasMerges = withMerges.includes(tokenizer) && fields.string("tokenizer.ggml.pre") !== "kimi-k2";
  return missingKey(fields, ["tokenizer.ggml.tokens", ...(hasMerges ? ["tokenizer.ggml.merges"] : [])]);
}

/** llama.cpp takes the feed-forward width of dense blocks from this key, not from the tensors. */
function feedForwardFault({ fields, placed, blocks }: LoadableInput): string | null {
  const isDense = placed.blocks.some(tensors => tensors.some(({ name }) => name.endsWith(".ffn_down.weight")));
  const widths = fields.countPerBlock("{arch}.feed_forward_length", blocks.length) ?? [];
  const hasWidth = widths.some(width => width > 0);
  return isDense && !hasWidth ? `This file has no ${fields.fullKey("{arch}.feed_forward_length")}` : null;
}

function headFault({ fields, architecture, traits, blocks, headSizeK }: LoadableInput): string | null {
  if (traits.recurrent === "all") return null;
  const uneven = blocks.find(({ heads, kvHeads }) => heads > 0 && kvHeads > 0 && heads % kvHeads !== 0);
  if (uneven !== undefined)
    return `${fields.fullKey("{arch}.attention.head_count")} is ${uneven.heads} and no multiple of head_count_kv, which is ${uneven.kvHeads}`;
  const rotated = fields.count("{arch}.rope.dimension_count");
  const isFault = fullyRotated.includes(architecture) && rotated !== null && headSizeK > 0 && rotated !== headSizeK;
  return isFault
    ? `${fields.fullKey("{arch}.rope.dimension_count")} is ${rotated}, not the head size of ${headSizeK}`
    : null;
}

function expertFault(fields: MetadataFields, blocks: number): string | null {
  const experts = fields.count("{arch}.expert_count") ?? 0;
  const used = Math.max(0, ...(fields.countPerBlock("{arch}.expert_used_count", blocks) ?? []));
  const isFault = used > experts || (experts > 0 && used === 0);
  return isFault ? `${fields.fullKey("{arch}.expert_used_count")} is ${used} of ${experts} experts` : null;
}

function ropeFault(fields: MetadataFields): string | null {
  const scaling = fields.string("{arch}.rope.scaling.type");
  return scaling === null || ropeScalings.includes(scaling)
    ? null
    : `${fields.fullKey("{arch}.rope.scaling.type")} is "${scaling.slice(0, 40)}", which is unknown`;
}
