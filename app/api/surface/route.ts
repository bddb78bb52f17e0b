import { route } from "@/lib/server/route-handler";

/** All that the page needs to plan by itself, without asking again while a slider moves. */
export const GET = route({
  handle: async ({ services }) => {
    const settings = services.settings.read();
    const { surface, gpu } = await services.planner.planFor(settings);
    return { surface, gpu, settings };
  },
});
