import { route } from "@/lib/server/compose/route";

/** Takes the model out of memory, all of it: the engine process ends. The next message brings it back. */
export const POST = route({
  handle: async ({ services: { host, engine } }) => {
    await host.unload();
    return { engine: engine.snapshot() };
  },
});
