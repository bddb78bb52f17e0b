import { readDiagnostics, readHealth } from "@/lib/schema/api/computer";
import { diagnose } from "@/lib/server/compose/diagnose";
import { route } from "../route";

export const computerRoutes = [
  route(readHealth, () => ({ ok: true as const })),
  route(readDiagnostics, ({ services }) => diagnose(services)),
];
