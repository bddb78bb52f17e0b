import { route } from "@/lib/server/compose/route";
import { listLibrary } from "@/lib/server/planning/list-library";

export const GET = route({ handle: async ({ services }) => ({ models: await listLibrary(services) }) });
