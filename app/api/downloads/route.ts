import { limitDownloads, listDownloads, startDownload } from "@/lib/schema/api/downloads";
import { route } from "@/lib/server/compose/route";

export const GET = route(listDownloads, ({ services: { downloads } }) => ({
  downloads: downloads.list(),
  bytesPerSecondLimit: downloads.bytesPerSecondLimit,
}));

export const POST = route(startDownload, async ({ body, services }) => ({
  download: await services.downloads.start(body.source),
}));

export const PATCH = route(limitDownloads, ({ body, services: { downloads } }) => {
  downloads.limitSpeed(body.bytesPerSecondLimit);
  return { downloads: downloads.list(), bytesPerSecondLimit: downloads.bytesPerSecondLimit };
});
