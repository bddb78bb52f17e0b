import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { type ModelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";

/** Writes a model of this shape to disk in its real size. Its weights are sparse zeros, and llama.cpp accepts it as complete. */
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
