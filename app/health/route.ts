import { health } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { requireHealth } from "@/lib/server/http/require-health";

export const GET = route(health, ({ services }) => requireHealth(services.host.snapshot()));
