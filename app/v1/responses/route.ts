import { responses } from "@/lib/schema/api/openai";
import { unknownFields } from "@/lib/schema/openai";
import { responsesRequestSchema } from "@/lib/schema/responses";
import { route } from "@/lib/server/compose/route";
import { chatAnswerRequest } from "@/lib/server/http/dialects/openai-request";
import { openAiResponses } from "@/lib/server/http/dialects/responses-answer";
import { chatOfResponses } from "@/lib/server/http/dialects/responses-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";

export const POST = route(responses, ({ body, signal, keyId, services }) =>
  serveAnswer({
    services,
    signal,
    keyId,
    request: chatAnswerRequest(chatOfResponses(body), services.settings.read()),
    dialect: openAiResponses(body),
    stream: body.stream ?? false,
    ignoredFields: unknownFields(responsesRequestSchema, body),
  }),
);
