import { ggufFileBytes, type WritableGguf, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import type { StandInFile } from "./stand-in-hub";

/**
 * A model as llama.cpp's gguf-split writes it: the metadata in the first part, the tensors cut in three.
 * @see llama.cpp tools/gguf-split
 */
export function splitInThree({ metadata, tensors }: WritableGguf): StandInFile[] {
  const cuts = [tensors.slice(0, 5), tensors.slice(5, 6), tensors.slice(6)];
  return cuts.map((some, index) => {
    const part: WritableGguf = {
      metadata: {
        ...(index === 0 ? metadata : {}),
        "split.no": { type: "u16", value: index },
        "split.count": { type: "u16", value: cuts.length },
        "split.tensors.count": { type: "i32", value: tensors.length },
      },
      tensors: some,
    };
    const start = writeGgufHeader(part);
    return { start, fileBytes: ggufFileBytes(start, part) };
  });
}

/** "model-00002-of-00003.gguf" for 2. */
export const partName = (stem: string, part: number): string => `${stem}-0000${part}-of-00003.gguf`;
