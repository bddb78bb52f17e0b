import { ggufFileBytes, type WritableGguf, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import type { StandInFile } from "./stand-in-hub";

/** Types that a file may be quantized to, with the number that llama.cpp writes as general.file_type. */
const quantizations: readonly (readonly [name: string, type: string, fileType: number])[] = [
  ["Q2_K", "Q2_K", 10],
  ["Q3_K_M", "Q3_K", 12],
  ["Q4_K_M", "Q4_K", 15],
  ["Q5_K_M", "Q5_K", 17],
  ["Q6_K", "Q6_K", 18],
  ["Q8_0", "Q8_0", 7],
];

/**
 * One model in several quantizations, as llama-quantize writes them: a vocabulary of real length that is the same in each, before it the
 * metadata, behind it the chat template, the importance matrix's name and the file type, and then tensors of other types.
 */
export function quantizedFiles(
  { metadata, tensors }: WritableGguf,
  { stem, tokens = 128_256, copies = 1 }: { readonly stem: string; readonly tokens?: number; readonly copies?: number },
): Readonly<Record<string, StandInFile>> {
  const vocabulary = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": { strings: Array.from({ length: tokens }, (_, index) => `token ${index}`) },
    "tokenizer.ggml.token_type": { type: "i32", values: new Array<number>(tokens).fill(1) },
    "tokenizer.ggml.merges": { strings: Array.from({ length: 2 * tokens }, (_, index) => `to ken${index}`) },
  } as const;
  const files: Record<string, StandInFile> = {};
  for (let copy = 0; copy < copies; copy++)
    for (const [name, type, fileType] of quantizations) {
      const gguf: WritableGguf = {
        metadata: {
          ...metadata,
          ...vocabulary,
          "tokenizer.chat_template": "{{ messages }}".repeat(200),
          "quantize.imatrix.file": `calibration-${"x".repeat(copy)}.dat`,
          "general.file_type": fileType,
        },
        tensors: tensors.map(tensor => (tensor.type === "Q4_K" ? { ...tensor, type } : tensor)),
      };
      const start = writeGgufHeader(gguf);
      files[copy === 0 ? `${stem}-${name}.gguf` : `${stem}-v${copy}-${name}.gguf`] = {
        start,
        fileBytes: ggufFileBytes(start, gguf),
      };
    }
  return files;
}
