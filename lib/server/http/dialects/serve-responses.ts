import { unknownFields } from "@/lib/schema/clients/openai";
import { type ResponsesRequest, responsesRequestSchema } from "@/lib/schema/clients/responses";
import type { ModelHost } from "@/lib/server/loading/model-host";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { chatAnswerRequest } from "./openai-request";
import { openAiResponses } from "./responses-answer";
import { chatOfResponses } from "./responses-request";
import { ResponsesTools } from "./responses-tools";
import { type AnswerCall, serveAnswer } from "./serve-answer";

interface ResponsesCall extends AnswerCall {
  readonly body: ResponsesRequest;
  readonly services: AnswerCall["services"] & {
    readonly settings: Pick<SettingsStore, "read">;
    readonly host: Pick<ModelHost, "snapshot">;
  };
}

/** Answers a request of OpenAI's Responses API. */
export function serveResponses(call: ResponsesCall): ReturnType<typeof serveAnswer> {
  const { body, services } = call;
  const snapshot = services.host.snapshot();
  const tools = ResponsesTools.of(body.tools);
  return serveAnswer(call, {
    request: chatAnswerRequest(chatOfResponses(body, tools, snapshot), services.settings.read(), snapshot),
    dialect: openAiResponses(body, tools),
    ignoredFields: [...unknownFields(responsesRequestSchema, body), ...tools.leftOut],
  });
}
