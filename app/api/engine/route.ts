import { route } from "@/lib/server/compose/route";

/** What the engine does now, and what the last load took. */
export const GET = route({
  handle: ({ services: { engine, receipts } }) => ({
    engine: engine.snapshot(),
    receipt: receipts.list(1)[0] ?? null,
  }),
});
