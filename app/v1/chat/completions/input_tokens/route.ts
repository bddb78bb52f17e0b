import { countChatTokens } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { chatPrompt } from "@/lib/server/http/dialects/openai-request";

export const POST = route(countChatTokens, async ({ body, services }) => {
  const { turns, ...options } = chatPrompt(body, services.host.snapshot());
  const { totalTokens } = await services.host.count(turns, options);
  return { object: "response.input_tokens" as const, input_tokens: totalTokens };
});
