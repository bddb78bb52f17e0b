import { unknownFields } from "@/lib/schema/openai";
import { type ResponsesRequest, responsesRequestSchema } from "@/lib/schema/responses";
import type { ModelHost } from "@/lib/server/loading/model-host";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { chatAnswerRequest } from "./openai-request";
import { openAiResponses } from "./responses-answer";
import { chatOfResponses } from "./responses-request";
import { ResponsesTools } from "./responses-tools";
import { serveAnswer } from "./serve-answer";

type Served = Pick<Parameters<typeof serveAnswer>[0], "services" | "signal" | "caller" | "conversationId">;
interface ResponsesToServe extends Served {
  readonly body: ResponsesRequest;
  readonly services: Served["services"] & {
    readonly settings: Pick<SettingsStore, "read">;
    readonly host: Pick<ModelHost, "snapshot">;
  };
}

/** Answers a request of OpenAI's Responses API. */
export function serveResponses({ body, services, ...call }: ResponsesToServe): ReturnType<typeof serveAnswer> {
  const snapshot = services.host.snapshot();
  return serveAnswer({
    services,
    ...call,
    request: chatAnswerRequest(chatOfResponses(body, snapshot), services.settings.read(), snapshot),
    dialect: openAiResponses(body),
    stream: body.stream ?? false,
    ignoredFields: [...unknownFields(responsesRequestSchema, body), ...ResponsesTools.of(body.tools).leftOut],
  });
}
