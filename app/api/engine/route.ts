import { readEngine } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const GET = route(readEngine, ({ services: { host, receipts } }) => ({
  engine: host.snapshot(),
  receipt: receipts.list(1)[0] ?? null,
}));
