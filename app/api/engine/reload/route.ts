import { reloadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(reloadModel, async ({ services: { host } }) => {
  await host.reload();
  return { engine: host.snapshot() };
});
