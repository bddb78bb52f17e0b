import { reloadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(reloadModel, async ({ services: { host, planner, settings } }) => {
  if (host.snapshot().other === undefined) await planner.ensureMemoryFor(settings.read());
  await host.reload();
  return { engine: host.snapshot() };
});
