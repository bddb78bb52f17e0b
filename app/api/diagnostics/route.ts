import { diagnose } from "@/lib/server/diagnose";
import { route } from "@/lib/server/route-handler";

export const GET = route({ handle: ({ services }) => diagnose(services) });
