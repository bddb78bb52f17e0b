import { embeddings } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { inputsOf, writeVector } from "@/lib/server/http/openai-embeddings";
import { RequestError } from "@/lib/server/system/request-error";

export const POST = route(embeddings, async ({ body, signal, services }) => {
  const { model, vectors, tokens } = await services.embeddings.embed(body.model ?? null, inputsOf(body.input), signal);
  const size = vectors[0]?.length ?? 0;
  if (body.dimensions != null && body.dimensions !== size)
    throw new RequestError(
      "INVALID_INPUT",
      `dimensions must be ${size}, the size of this model's vectors, or left out.`,
    );
  return {
    object: "list" as const,
    model,
    data: vectors.map((vector, index) => ({
      object: "embedding" as const,
      index,
      embedding: writeVector(vector, body.encoding_format ?? "float"),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
});
