import { route } from "@/lib/server/compose/route";

/** Answers whatever the engine does. */
export const GET = route({ handle: () => ({ ok: true }) });
