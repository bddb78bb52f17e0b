import * as z from "zod/mini";
import { diagnosticsSchema } from "../diagnostics";
import type { Endpoint } from "../endpoint";

/** Answers within a second, whatever the engine is doing. */
export const readHealth = {
  method: "GET",
  path: "/api/health",
  reply: z.object({ ok: z.literal(true) }),
} as const satisfies Endpoint;

/** Facts about this computer and this run of Headroom that help to find the cause of a problem. */
export const readDiagnostics = {
  method: "GET",
  path: "/api/diagnostics",
  reply: diagnosticsSchema,
} as const satisfies Endpoint;
