import { route } from "@/lib/server/compose/route";

/** A load that waits for the answer in progress does not wait any longer: the answer ends with what it has. */
export const POST = route({
  handle: ({ services: { engine } }) => {
    engine.loadNow();
    return { engine: engine.snapshot() };
  },
});
