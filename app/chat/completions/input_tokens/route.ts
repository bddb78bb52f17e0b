import { countChatTokensAsLlama } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { turnsOf } from "@/lib/server/http/dialects/openai-request";

export const POST = route(countChatTokensAsLlama, async ({ body, services }) => {
  const { totalTokens } = await services.host.count(turnsOf(body.messages));
  return { object: "response.input_tokens" as const, input_tokens: totalTokens };
});
