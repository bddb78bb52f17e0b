import * as z from "zod/mini";

/** GET /api/models/elsewhere?address=: resolves a pasted address to one file or to a list of files to choose from. */
export const elsewhereQuerySchema = z.strictObject({
  address: z.string().check(z.minLength(1), z.maxLength(2048)),
});

export const remoteFileSchema = z.object({
  /** `hf:owner/repo/file.gguf`, which the dashboard plans. */
  source: z.string(),
  name: z.string(),
  /** Size of all parts together. */
  fileBytes: z.int(),
  /** From the file's name: "Q4_K_M"; null where the name does not show it. */
  quantization: z.nullable(z.string()),
});
export type RemoteFile = z.infer<typeof remoteFileSchema>;

export const elsewhereAnswerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("file"), source: z.string() }),
  z.object({ kind: z.literal("repository"), name: z.string(), files: z.array(remoteFileSchema) }),
]);
export type ElsewhereAnswer = z.infer<typeof elsewhereAnswerSchema>;
