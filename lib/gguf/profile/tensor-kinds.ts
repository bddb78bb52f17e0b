import type { TensorKind, TensorKindName } from "@/lib/schema/models/model-details";
import type { TensorInfo } from "../header/read-tensors";

/** The first pattern that matches a tensor's name counts. @see llama.cpp src/llama-arch.cpp (LLM_TENSOR_NAMES) */
const patterns: readonly (readonly [RegExp, TensorKindName])[] = [
  [/norm/, "norm"],
  [/^(?:token_embd|position_embd|token_types|per_layer_token_embd)\./, "embedding"],
  [/^(?:output|cls)\b/, "output"],
  [/\.ffn_gate_inp/, "router"],
  [/\.ffn_\w+_exps\.|\.ffn_\w+\.\d+\./, "experts"],
  [/\.ffn_|\.channel_mix_/, "feed-forward"],
  [/\.(?:ssm_|time_mix_|shortconv)/, "recurrent"],
  [/\.(?:attn_|cross_attn_|indexer)/, "attention"],
];

const kindOf = (name: string): TensorKindName => patterns.find(([pattern]) => pattern.test(name))?.[1] ?? "other";

/** Tensors of a header added up by what they do, largest first; and in each kind by their type. */
export function tensorKinds(tensors: readonly Pick<TensorInfo, "name" | "typeName" | "bytes">[]): TensorKind[] {
  const kinds = new Map<TensorKindName, Map<string, { tensors: number; bytes: number }>>();
  for (const { name, typeName, bytes } of tensors) {
    const kind = kindOf(name);
    const types = kinds.get(kind) ?? new Map<string, { tensors: number; bytes: number }>();
    const sum = types.get(typeName) ?? { tensors: 0, bytes: 0 };
    types.set(typeName, { tensors: sum.tensors + 1, bytes: sum.bytes + bytes });
    kinds.set(kind, types);
  }
  return [...kinds]
    .map(([kind, found]) => {
      const types = [...found].map(([type, sum]) => ({ type, ...sum })).sort((a, b) => b.bytes - a.bytes);
      return {
        kind,
        tensors: types.reduce((sum, type) => sum + type.tensors, 0),
        bytes: types.reduce((sum, type) => sum + type.bytes, 0),
        types,
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
}
