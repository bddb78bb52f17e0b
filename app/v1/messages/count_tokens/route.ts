import { countMessageTokens } from "@/lib/schema/api/anthropic";
import { route } from "@/lib/server/compose/route";
import { chatToCount } from "@/lib/server/http/dialects/anthropic-request";
import { chatPrompt } from "@/lib/server/http/dialects/openai-request";

export const POST = route(countMessageTokens, async ({ body, services }) => {
  const { turns, ...options } = chatPrompt(chatToCount(body, services.host.snapshot()), services.host.snapshot());
  const { totalTokens } = await services.host.count(turns, options);
  return { input_tokens: totalTokens };
});
