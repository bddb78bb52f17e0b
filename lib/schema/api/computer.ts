import * as z from "zod/mini";
import { diagnosticsSchema } from "../diagnostics";
import type { Endpoint } from "../endpoint";

export const readHealth = {
  method: "GET",
  path: "/api/health",
  does: "Answers within a second, whatever the engine does.",
  reply: z.object({ ok: z.literal(true) }),
} as const satisfies Endpoint;

export const readDiagnostics = {
  method: "GET",
  path: "/api/diagnostics",
  does: "Everything about this computer and this run that helps to find out why something is as it is.",
  reply: diagnosticsSchema,
} as const satisfies Endpoint;
