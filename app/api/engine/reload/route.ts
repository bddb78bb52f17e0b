import { route } from "@/lib/server/compose/route";

/** Loads the chosen model anew, also after the engine had given up. */
export const POST = route({
  handle: async ({ services: { host, engine } }) => {
    await host.reload();
    return { engine: engine.snapshot() };
  },
});
