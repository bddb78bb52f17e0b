import { readEngine } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const GET = route(readEngine, ({ services: { engine, receipts } }) => ({
  engine: engine.snapshot(),
  receipt: receipts.list(1)[0] ?? null,
}));
