import type { WritableValue } from "./gguf-writer";
import { type ModelShape, modelShape } from "./model-shapes";

/** A file that llama.cpp refuses to load or aborts on, and the reason that Headroom must give. */
export interface RefusedShape {
  readonly shape: ModelShape;
  readonly says: string;
}

/** A small shape with some keys changed; undefined removes a key. */
function refused(base: string, change: Record<string, WritableValue | undefined>, says: string): RefusedShape {
  const { gguf, family } = modelShape(base);
  const entries = Object.entries({ ...gguf.metadata, ...change }).filter(
    (entry): entry is [string, WritableValue] => entry[1] !== undefined,
  );
  const id = `refused-${Object.keys(change)
    .join("-")
    .replaceAll(/[^a-z0-9]+/gi, "-")}-${base}`;
  return { shape: { id, family, gguf: { ...gguf, metadata: Object.fromEntries(entries) } }, says };
}

const u64 = (value: number): WritableValue => ({ type: "u64", value });
const cannot = (what: string): string => `${what}; llama.cpp cannot load it.`;

export const refusedShapes: readonly RefusedShape[] = [
  refused(
    "small-llama-2",
    { "llama.feed_forward_length": undefined },
    cannot("This file has no llama.feed_forward_length"),
  ),
  refused(
    "small-llama-2",
    { "llama.attention.layer_norm_rms_epsilon": undefined },
    cannot("This file has no llama.attention.layer_norm_rms_epsilon"),
  ),
  refused("small-llama-2", { "tokenizer.ggml.model": undefined }, cannot("This file has no tokenizer.ggml.model")),
  refused(
    "small-llama-2",
    { "tokenizer.ggml.tokens": undefined, "tokenizer.ggml.scores": undefined, "tokenizer.ggml.token_type": undefined },
    cannot("This file has no tokenizer.ggml.tokens"),
  ),
  refused(
    "small-llama-2",
    { "tokenizer.ggml.model": "wordy" },
    cannot('This file\'s tokenizer is "wordy", which is unknown'),
  ),
  refused(
    "small-llama-2",
    { "llama.context_length": u64(4096) },
    cannot("llama.context_length is stored in 64 bits, where 32 are expected"),
  ),
  refused(
    "small-llama-2",
    { "llama.block_count": u64(8) },
    cannot("llama.block_count is stored in 64 bits, where 32 are expected"),
  ),
  refused(
    "small-llama-2",
    { "llama.attention.head_count_kv": 3 },
    cannot("llama.attention.head_count is 8 and no multiple of head_count_kv, which is 3"),
  ),
  refused(
    "small-llama-2",
    { "llama.rope.dimension_count": 32 },
    cannot("llama.rope.dimension_count is 32, not the head size of 64"),
  ),
  refused(
    "small-llama-2",
    { "llama.rope.scaling.type": "spiral" },
    cannot('llama.rope.scaling.type is "spiral", which is unknown'),
  ),
  refused(
    "small-qwen3-moe",
    { "qwen3moe.expert_used_count": 0 },
    cannot("qwen3moe.expert_used_count is 0 of 16 experts"),
  ),
  refused(
    "small-gpt-oss",
    { "gpt-oss.attention.sliding_window": undefined },
    cannot("This file has no gpt-oss.attention.sliding_window"),
  ),
  refused("small-mamba", { "mamba.ssm.state_size": undefined }, cannot("This file has no mamba.ssm.state_size")),
];
