import { reloadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(reloadModel, async ({ services: { host, engine } }) => {
  await host.reload();
  return { engine: engine.snapshot() };
});
