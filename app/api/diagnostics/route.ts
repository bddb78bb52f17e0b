import { diagnose } from "@/lib/server/web/diagnose";
import { route } from "@/lib/server/web/route-handler";

export const GET = route({ handle: ({ services }) => diagnose(services) });
