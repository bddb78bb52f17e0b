import * as z from "zod/mini";
import { diagnosticsSchema } from "@/lib/schema/diagnostics";
import { engineSnapshotSchema } from "@/lib/schema/live-events";
import { apiRequest } from "./api-request";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** What the computer, the engine and the log say. Slow to gather, so it is read when somebody looks. */
export const diagnosticsStore = createResource("/api/diagnostics", diagnosticsSchema, ["settings", "receipts"]);

/** @throws ApiError as the server gave it. */
export async function commandEngine(command: "load" | "load-now" | "unload" | "reload"): Promise<void> {
  await apiRequest({
    path: `/api/engine/${command}`,
    method: "POST",
    schema: z.object({ engine: engineSnapshotSchema }),
  });
}

export const useDiagnostics = () => useStore(diagnosticsStore, state => state);
