import { expect, test } from "vitest";
import { tensorKinds } from "./tensor-kinds";

const tensor = (name: string, typeName: string, bytes: number) => ({ name, typeName, bytes });

test("adds tensors up by what they do and by their type, largest first", () => {
  expect(
    tensorKinds([
      tensor("token_embd.weight", "Q8_0", 50),
      tensor("blk.0.attn_q.weight", "Q4_K", 10),
      tensor("blk.0.attn_v.weight", "Q6_K", 15),
      tensor("blk.1.attn_q.weight", "Q4_K", 10),
    ]),
  ).toEqual([
    { kind: "embedding", tensors: 1, bytes: 50, types: [{ type: "Q8_0", tensors: 1, bytes: 50 }] },
    {
      kind: "attention",
      tensors: 3,
      bytes: 35,
      types: [
        { type: "Q4_K", tensors: 2, bytes: 20 },
        { type: "Q6_K", tensors: 1, bytes: 15 },
      ],
    },
  ]);
});

test.each([
  ["blk.0.attn_norm.weight", "norm"],
  ["output_norm.weight", "norm"],
  ["output.weight", "output"],
  ["blk.0.attn_output.weight", "attention"],
  ["blk.3.ffn_gate_exps.weight", "experts"],
  ["blk.3.ffn_up.7.weight", "experts"],
  ["blk.3.ffn_gate_inp.weight", "router"],
  ["blk.3.ffn_down_shexp.weight", "feed-forward"],
  ["blk.0.ssm_in.weight", "recurrent"],
  ["rope_freqs.weight", "other"],
  ["", "other"],
])("%s is of the kind %s", (name, kind) => {
  expect(tensorKinds([tensor(name, "F32", 4)])[0]?.kind).toBe(kind);
});
