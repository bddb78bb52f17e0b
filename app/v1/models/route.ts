import { openAiModels } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";

export const GET = route(openAiModels, async ({ services: { models, settings } }) => {
  const chosen = settings.read().MODEL;
  const usable = (await models.listModels()).filter(model => model.profile?.role === "text");
  const sorted = usable.toSorted((one, other) => Number(other.name === chosen) - Number(one.name === chosen));
  const data = sorted.map(({ name, modifiedAtMs }) => ({
    id: name,
    object: "model" as const,
    created: Math.floor(modifiedAtMs / 1000),
    owned_by: "headroom" as const,
  }));
  return { object: "list" as const, data };
});
