import { listReceipts } from "@/lib/schema/api/receipts";
import { route } from "@/lib/server/compose/route";

export const GET = route(listReceipts, ({ services: { receipts } }) => ({ receipts: receipts.list() }));
