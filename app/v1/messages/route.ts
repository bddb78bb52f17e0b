import { messagesRequestSchema } from "@/lib/schema/anthropic";
import { createMessage } from "@/lib/schema/api/anthropic";
import { unknownFields } from "@/lib/schema/openai";
import { route } from "@/lib/server/compose/route";
import { anthropicMessages } from "@/lib/server/http/dialects/anthropic-answer";
import { chatOfMessages } from "@/lib/server/http/dialects/anthropic-request";
import { chatAnswerRequest } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";

export const POST = route(createMessage, ({ body, signal, keyId, services }) =>
  serveAnswer({
    services,
    signal,
    keyId,
    request: chatAnswerRequest(
      chatOfMessages(body, services.host.snapshot()),
      services.settings.read(),
      services.host.snapshot(),
    ),
    dialect: anthropicMessages,
    stream: body.stream ?? false,
    ignoredFields: unknownFields(messagesRequestSchema, body),
  }),
);
