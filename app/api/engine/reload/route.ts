import { route } from "@/lib/server/web/route-handler";

/** Loads the chosen model anew, also after the engine had given up. */
export const POST = route({
  handle: async ({ services: { host, engine } }) => {
    await host.reload();
    return { engine: engine.snapshot() };
  },
});
