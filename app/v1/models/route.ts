import { route } from "@/lib/server/compose/route";

/** The model that is chosen first: it is the one that answers. */
export const GET = route({
  errors: "openai",
  handle: async ({ services: { models, settings } }) => {
    const chosen = settings.read().MODEL;
    const usable = (await models.listModels()).filter(model => model.profile?.role === "text");
    const sorted = usable.toSorted((one, other) => Number(other.name === chosen) - Number(one.name === chosen));
    const data = sorted.map(({ name, modifiedAtMs }) => ({
      id: name,
      object: "model",
      created: Math.floor(modifiedAtMs / 1000),
      owned_by: "headroom",
    }));
    return { object: "list", data };
  },
});
