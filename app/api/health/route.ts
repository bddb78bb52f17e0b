import { route } from "@/lib/server/web/route-handler";

/** Answers whatever the engine does. */
export const GET = route({ handle: () => ({ ok: true }) });
