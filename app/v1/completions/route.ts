import { completions } from "@/lib/schema/api/openai";
import { completionRequestSchema, unknownFields } from "@/lib/schema/openai";
import { route } from "@/lib/server/compose/route";
import { openAiCompletion } from "@/lib/server/http/dialects/openai-answer";
import { completionAnswerRequest } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";

export const POST = route(completions, ({ body, signal, keyId, services }) => {
  const request = completionAnswerRequest(body, services.settings.read());
  return serveAnswer({
    services,
    signal,
    keyId,
    request,
    dialect: openAiCompletion(body, request),
    stream: body.stream ?? false,
    ignoredFields: unknownFields(completionRequestSchema, body),
  });
});
