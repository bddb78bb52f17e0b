import { countMessageTokens, createMessage } from "@/lib/schema/api/anthropic";
import { messagesRequestSchema } from "@/lib/schema/clients/anthropic";
import { unknownFields } from "@/lib/schema/clients/openai";
import { anthropicMessages } from "@/lib/server/http/dialects/anthropic-answer";
import { chatOfMessages, chatToCount } from "@/lib/server/http/dialects/anthropic-request";
import { anthropicTools } from "@/lib/server/http/dialects/anthropic-tools";
import { chatAnswerRequest, chatPrompt } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";
import { route } from "../route";

export const anthropicRoutes = [
  route(createMessage, call => {
    const { body, services } = call;
    const snapshot = services.host.snapshot();
    const tools = anthropicTools(body.tools);
    return serveAnswer(call, {
      request: chatAnswerRequest(chatOfMessages(body, tools, snapshot), services.settings.read(), snapshot),
      dialect: anthropicMessages,
      ignoredFields: [...unknownFields(messagesRequestSchema, body), ...tools.leftOut],
    });
  }),
  route(countMessageTokens, async ({ body, services }) => {
    const snapshot = services.host.snapshot();
    const { turns, ...options } = chatPrompt(chatToCount(body, snapshot), snapshot);
    const { totalTokens } = await services.host.count(turns, options);
    return { input_tokens: totalTokens };
  }),
];
