import { listReceipts } from "@/lib/schema/api/receipts";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** Past loads, newest first. */
export const receiptStore = createResource(listReceipts, () => ({}), ["receipts"]);

export const useReceipts = (): readonly Receipt[] | null =>
  useStore(receiptStore, state => state.data?.receipts ?? null);
