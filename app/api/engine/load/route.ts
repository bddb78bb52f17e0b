import { loadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(loadModel, async ({ query, services: { host, memoryGuard, planner, settings } }) => {
  const isMeant = query.meant === "true";
  if (isMeant) memoryGuard.mean(settings.read());
  // Otherwise the model that was loaded last would be loaded in its place.
  else if (host.snapshot().config === null && host.snapshot().other === undefined)
    await planner.ensureMemoryFor(settings.read());
  // What was refused before is not tried again by itself.
  if (isMeant && host.snapshot().error !== null) await host.reload();
  else await host.ensureLoaded();
  return { engine: host.snapshot() };
});
