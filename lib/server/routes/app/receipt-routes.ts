import { listReceipts } from "@/lib/schema/api/receipts";
import { route } from "../route";

export const receiptRoutes = [route(listReceipts, ({ services: { receipts } }) => ({ receipts: receipts.list() }))];
