import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";

/** Programs that keep GGUF files in places of their own, by the names that people know them by. */
export const programNames = [
  "LM Studio",
  "Ollama",
  "Jan",
  "GPT4All",
  "Hugging Face",
  "llama.cpp",
  "text-generation-webui",
] as const;
export type ProgramName = (typeof programNames)[number];

const programModelSchema = z.object({
  /** What the program calls it: "llama3.2:3b", "owner/repo/file.gguf". */
  label: z.string(),
  path: z.string(),
  fileBytes: z.int().check(z.minimum(0)),
  /** In a few words; null for a file that cannot be used. */
  about: z.nullable(z.object({ architecture: z.string(), parameters: z.number(), quantization: z.string() })),
  problem: z.nullable(errorBodySchema),
  /** Its name in the library; null while it is not used in place. */
  usedAs: z.nullable(z.string()),
});
export type ProgramModel = z.infer<typeof programModelSchema>;

/** GET /api/models/programs */
export const programModelsSchema = z.object({
  /** Those of which there are models, or folders that cannot be read. */
  programs: z.array(
    z.object({
      program: z.enum(programNames),
      models: z.array(programModelSchema),
      /** What could not be looked at, each a sentence. */
      problems: z.array(z.string()),
    }),
  ),
  /** Programs of which nothing was found. */
  withoutModels: z.array(z.enum(programNames)),
});
export type ProgramModelsAnswer = z.infer<typeof programModelsSchema>;
