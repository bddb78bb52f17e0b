import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { receiptSchema } from "../plans/receipt";

/** Past loads, newest first, with predicted and actual memory. */
export const listReceipts = {
  method: "GET",
  path: "/api/receipts",
  reply: z.object({ receipts: z.array(receiptSchema) }),
} as const satisfies Endpoint;
