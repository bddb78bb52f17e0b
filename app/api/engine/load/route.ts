import { loadModel } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";

export const POST = route(loadModel, async ({ query, services: { host, memoryGuard, settings } }) => {
  const isMeant = query.meant === "true";
  if (isMeant) memoryGuard.mean(settings.read());
  // What was refused before is not tried again by itself.
  if (isMeant && host.snapshot().error !== null) await host.reload();
  else await host.ensureLoaded();
  return { engine: host.snapshot() };
});
