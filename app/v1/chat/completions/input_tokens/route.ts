import { countChatTokens } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { turnsOf } from "@/lib/server/http/dialects/openai-request";

export const POST = route(countChatTokens, async ({ body, services }) => {
  const { totalTokens } = await services.host.count(turnsOf(body.messages));
  return { object: "response.input_tokens" as const, input_tokens: totalTokens };
});
