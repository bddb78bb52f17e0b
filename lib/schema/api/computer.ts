import * as z from "zod/mini";
import { diagnosticsSchema } from "../diagnostics";
import type { Endpoint } from "../endpoint";

export const readHealth = {
  method: "GET",
  path: "/api/health",
  does: "Answers within a second, whatever the engine is doing.",
  reply: z.object({ ok: z.literal(true) }),
} as const satisfies Endpoint;

export const readDiagnostics = {
  method: "GET",
  path: "/api/diagnostics",
  does: "Facts about this computer and this run of Headroom that help to find the cause of a problem.",
  reply: diagnosticsSchema,
} as const satisfies Endpoint;
