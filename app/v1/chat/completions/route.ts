import { chatCompletions } from "@/lib/schema/api/openai";
import { chatCompletionRequestSchema, unknownFields } from "@/lib/schema/openai";
import { route } from "@/lib/server/compose/route";
import { openAiChat } from "@/lib/server/http/dialects/openai-answer";
import { chatAnswerRequest } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";

export const POST = route(chatCompletions, ({ body, signal, keyId, services }) => {
  const request = chatAnswerRequest(body, services.settings.read(), services.host.snapshot());
  return serveAnswer({
    services,
    signal,
    keyId,
    request,
    dialect: openAiChat(body, request),
    stream: body.stream ?? false,
    ignoredFields: unknownFields(chatCompletionRequestSchema, body),
  });
});
