import { route } from "@/lib/server/compose/route";

/** Loads the chosen model if it is not loaded; answers when it can be chatted with. */
export const POST = route({
  handle: async ({ services: { host, engine } }) => {
    await host.ensureLoaded();
    return { engine: engine.snapshot() };
  },
});
