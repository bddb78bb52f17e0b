import { route } from "@/lib/server/compose/route";

/** Past loads, newest first: predicted against actual. */
export const GET = route({ handle: ({ services: { receipts } }) => ({ receipts: receipts.list() }) });
