import { unloadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(unloadModel, async ({ services: { host } }) => {
  await host.unload();
  return { engine: host.snapshot() };
});
