import { diagnose } from "@/lib/server/compose/diagnose";
import { route } from "@/lib/server/compose/route";

export const GET = route({ handle: ({ services }) => diagnose(services) });
