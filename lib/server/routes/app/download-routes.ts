import { commandDownload, limitDownloads, listDownloads, startDownload } from "@/lib/schema/api/downloads";
import { route } from "../route";

export const downloadRoutes = [
  route(listDownloads, ({ services: { downloads } }) => ({
    downloads: downloads.list(),
    bytesPerSecondLimit: downloads.bytesPerSecondLimit,
  })),
  route(startDownload, async ({ body, services }) => ({
    download: await services.downloads.start(body.source),
  })),
  route(limitDownloads, ({ body, services: { downloads } }) => {
    downloads.limitSpeed(body.bytesPerSecondLimit);
    return { downloads: downloads.list(), bytesPerSecondLimit: downloads.bytesPerSecondLimit };
  }),
  route(commandDownload, async ({ params, body, services: { downloads } }) => {
    await downloads.command(params.id, body.action);
    return { downloads: downloads.list(), bytesPerSecondLimit: downloads.bytesPerSecondLimit };
  }),
];
