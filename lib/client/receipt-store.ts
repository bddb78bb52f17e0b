import * as z from "zod/mini";
import { type Receipt, receiptSchema } from "@/lib/schema/receipt";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** Past loads, newest first. */
export const receiptStore = createResource("/api/receipts", z.object({ receipts: z.array(receiptSchema) }), [
  "receipts",
]);

export const useReceipts = (): readonly Receipt[] | null =>
  useStore(receiptStore, state => state.data?.receipts ?? null);
