import { listLibrary } from "@/lib/server/list-library";
import { route } from "@/lib/server/route-handler";

export const GET = route({ handle: async ({ services }) => ({ models: await listLibrary(services) }) });
