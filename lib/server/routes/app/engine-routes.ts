import { followEvents, loadModel, loadNow, readEngine, reloadModel, unloadModel } from "@/lib/schema/api/engine";
import { listReceipts } from "@/lib/schema/api/receipts";
import { EventStream } from "@/lib/server/http/event-stream";
import { liveStream } from "@/lib/server/http/live-stream";
import { route } from "../route";

export const engineRoutes = [
  route(readEngine, ({ services: { host, receipts } }) => ({
    engine: host.snapshot(),
    receipt: receipts.list(1)[0] ?? null,
  })),
  route(loadModel, async ({ query, services: { host, memoryGuard, planner, settings } }) => {
    const isMeant = query.meant === "true";
    if (isMeant) memoryGuard.mean(settings.read());
    // Otherwise the model that was loaded last would be loaded in its place.
    else if (host.snapshot().config === null && host.snapshot().other === undefined)
      await planner.ensureMemoryFor(settings.read());
    // What was refused before is not tried again by itself.
    if (isMeant && host.snapshot().error !== null) await host.reload();
    else await host.ensureLoaded();
    return { engine: host.snapshot() };
  }),
  route(loadNow, ({ services: { engine, host } }) => {
    engine.loadNow();
    return { engine: host.snapshot() };
  }),
  route(reloadModel, async ({ services: { host, planner, settings } }) => {
    if (host.snapshot().other === undefined) await planner.ensureMemoryFor(settings.read());
    await host.reload();
    return { engine: host.snapshot() };
  }),
  route(unloadModel, async ({ services: { host } }) => {
    await host.unload();
    return { engine: host.snapshot() };
  }),
  route(listReceipts, ({ services: { receipts } }) => ({ receipts: receipts.list() })),
  route(followEvents, ({ services, signal }) => new EventStream(liveStream(services.sampler, signal))),
];
