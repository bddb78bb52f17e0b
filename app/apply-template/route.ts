import { applyTemplate } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { chatPrompt } from "@/lib/server/http/dialects/openai-request";

export const POST = route(applyTemplate, async ({ body, services }) => {
  const { turns, ...options } = chatPrompt(body);
  return { prompt: (await services.host.render(turns, options)).prompt };
});
