import { route } from "@/lib/server/web/route-handler";

/** Past loads, newest first: predicted against actual. */
export const GET = route({ handle: ({ services: { receipts } }) => ({ receipts: receipts.list() }) });
