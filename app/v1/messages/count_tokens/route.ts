import { countMessageTokens } from "@/lib/schema/api/anthropic";
import { route } from "@/lib/server/compose/route";
import { chatToCount } from "@/lib/server/http/dialects/anthropic-request";
import { turnsOf } from "@/lib/server/http/dialects/openai-request";

export const POST = route(countMessageTokens, async ({ body, services }) => {
  const { totalTokens } = await services.host.count(turnsOf(chatToCount(body).messages));
  return { input_tokens: totalTokens };
});
