import {
  chatCompletions,
  completions,
  countChatTokens,
  embeddings,
  listOpenAiModels,
  readOpenAiModel,
  responses,
} from "@/lib/schema/api/openai";
import { chatCompletionRequestSchema, completionRequestSchema, unknownFields } from "@/lib/schema/clients/openai";
import type { Services } from "@/lib/server/compose/services";
import { countInputTokens } from "@/lib/server/http/dialects/count-input-tokens";
import { openAiChat, openAiCompletion } from "@/lib/server/http/dialects/openai-answer";
import { chatAnswerRequest, completionAnswerRequest, promptsOf } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";
import { serveResponses } from "@/lib/server/http/dialects/serve-responses";
import { openAiModels } from "@/lib/server/http/openai-models";
import { RequestError } from "@/lib/server/system/request-error";
import { route } from "../route";

const echoOf = async (prompt: string | number[], { host }: Pick<Services, "host">): Promise<string> =>
  typeof prompt === "string" ? prompt : (await host.detokenize(prompt)).text;

/** OpenAI's clients ask for base64 by themselves: 32-bit floats, little-endian. */
const writeVector = (vector: readonly number[], format: "float" | "base64"): number[] | string => {
  if (format === "float") return [...vector];
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
};

export const openAiRoutes = [
  route(listOpenAiModels, async ({ services }) => {
    const data = await openAiModels(services);
    const ids = data.map(({ id }) => id);
    return {
      object: "list" as const,
      data,
      has_more: false as const,
      first_id: ids[0] ?? null,
      last_id: ids.at(-1) ?? null,
    };
  }),
  route(readOpenAiModel, async ({ params, services }) => {
    const id = params.id.join("/");
    const models = await openAiModels(services);
    const found = models.find(model => model.id === id);
    if (found !== undefined) return found;
    const names = models.map(model => model.id).join(", ");
    throw new RequestError(
      "MODEL_NOT_FOUND",
      `There is no model "${id.slice(0, 200)}". There are: ${names || "none"}.`,
    );
  }),
  route(chatCompletions, call => {
    const { body, services } = call;
    const request = chatAnswerRequest(body, services.settings.read(), services.host.snapshot());
    return serveAnswer(call, {
      request,
      dialect: openAiChat(body, request),
      ignoredFields: unknownFields(chatCompletionRequestSchema, body),
    });
  }),
  route(completions, async call => {
    const { body, services } = call;
    const echoes = body.echo ? await Promise.all(promptsOf(body.prompt).map(prompt => echoOf(prompt, services))) : [];
    const request = completionAnswerRequest(body, services.settings.read(), echoes);
    return serveAnswer(call, {
      request,
      dialect: openAiCompletion(body, request),
      ignoredFields: unknownFields(completionRequestSchema, body),
    });
  }),
  route(responses, serveResponses),
  route(embeddings, async ({ body, signal, caller, services }) => {
    const { model, vectors, tokens } = await services.embeddings.embed(
      body.model ?? null,
      promptsOf(body.input),
      signal,
      caller.name,
    );
    if (caller.keyId !== null)
      services.access.apiKeys.noteAnswer(caller.keyId, { promptTokens: tokens, generatedTokens: 0 });
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
  }),
  route(countChatTokens, countInputTokens),
];
