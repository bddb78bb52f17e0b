import { v1Health } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";
import { requireHealth } from "@/lib/server/http/require-health";

export const GET = route(v1Health, ({ services }) => requireHealth(services.host.snapshot()));
