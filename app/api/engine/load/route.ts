import { loadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(loadModel, async ({ services: { host } }) => {
  await host.ensureLoaded();
  return { engine: host.snapshot() };
});
