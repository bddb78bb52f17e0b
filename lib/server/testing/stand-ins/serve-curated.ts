import { ggufFileBytes, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { llama, qwen3Moe } from "@/lib/gguf/testing/shape-families";
import { type CuratedFile, type CuratedModel, curatedModels } from "@/lib/plan/picks/curated-models";
import type { StandInFile, StandInHub } from "./stand-in-hub";

const tensorTypes: Readonly<Record<string, string>> = { Q3_K_M: "Q3_K", Q6_K: "Q6_K", Q8_0: "Q8_0" };

/** A header of this model's size. The families' own tensors are left out: a plan hardly sees the difference. */
function curatedFile(model: CuratedModel, { quantization }: CuratedFile): StandInFile {
  const { experts, tied, trainContextTokens: contextTokens } = model;
  const size = { ...model, contextTokens };
  const { metadata, tensors } = experts === undefined ? llama(size, { tied }) : qwen3Moe(size, experts);
  const type = tensorTypes[quantization] ?? "Q4_K";
  const gguf = {
    metadata: { ...metadata, "general.name": model.name },
    tensors: tensors.map(tensor => (tensor.type === "Q4_K" ? { ...tensor, type } : tensor)),
  };
  const start = writeGgufHeader(gguf);
  return { start, fileBytes: ggufFileBytes(start, gguf) };
}

/** Every file of the curated list, with a header of its size and zeros for weights. */
export function serveCurated(hub: StandInHub): void {
  for (const model of curatedModels)
    for (const file of model.files)
      hub.serve(`/${model.repository}/resolve/main/${file.file}`, curatedFile(model, file));
}
