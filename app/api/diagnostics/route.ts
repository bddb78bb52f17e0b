import { readDiagnostics } from "@/lib/schema/api/computer";
import { diagnose } from "@/lib/server/compose/diagnose";
import { route } from "@/lib/server/compose/route";

export const GET = route(readDiagnostics, ({ services }) => diagnose(services));
