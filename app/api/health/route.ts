import { readHealth } from "@/lib/schema/api";
import { route } from "@/lib/server/compose/route";

export const GET = route(readHealth, () => ({ ok: true as const }));
