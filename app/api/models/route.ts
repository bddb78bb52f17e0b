import { listLibrary } from "@/lib/server/models/list-library";
import { route } from "@/lib/server/web/route-handler";

export const GET = route({ handle: async ({ services }) => ({ models: await listLibrary(services) }) });
