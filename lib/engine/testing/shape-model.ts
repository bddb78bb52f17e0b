import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { type ModelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";

/** A model of this shape on the disk, its weights sparse zeros: whole to llama.cpp, and its real size. */
export function writeShape(
  folder: string,
  shape: ModelShape,
): { readonly modelPath: string; readonly profile: ModelProfile } {
  const { header, fileBytes } = shapeFile(shape);
  const modelPath = join(folder, `${shape.id}.gguf`);
  writeFileSync(modelPath, header);
  truncateSync(modelPath, fileBytes);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind === "need") throw new Error("The whole header was given.");
  return { modelPath, profile: parsed.profile };
}
