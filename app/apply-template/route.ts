import { applyTemplate } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { turnsOf } from "@/lib/server/http/dialects/openai-request";

export const POST = route(applyTemplate, async ({ body, services }) => ({
  prompt: (await services.host.render(turnsOf(body.messages))).prompt,
}));
