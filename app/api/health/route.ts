import { readHealth } from "@/lib/schema/api/computer";
import { route } from "@/lib/server/compose/route";

export const GET = route(readHealth, () => ({ ok: true as const }));
