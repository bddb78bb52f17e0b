import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { receiptSchema } from "../plans/receipt";

export const listReceipts = {
  method: "GET",
  path: "/api/receipts",
  does: "Past loads, newest first, with predicted and actual memory.",
  reply: z.object({ receipts: z.array(receiptSchema) }),
} as const satisfies Endpoint;
