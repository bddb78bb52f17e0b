import { route } from "@/lib/server/route-handler";

/** Past loads, newest first: predicted against actual. */
export const GET = route({ handle: ({ services: { receipts } }) => ({ receipts: receipts.list() }) });
