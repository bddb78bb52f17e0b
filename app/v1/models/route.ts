import { openAiModels as endpoint } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { openAiModels } from "@/lib/server/http/openai-models";

export const GET = route(endpoint, async ({ services }) => {
  const data = await openAiModels(services);
  const ids = data.map(({ id }) => id);
  return {
    object: "list" as const,
    data,
    has_more: false as const,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
  };
});
