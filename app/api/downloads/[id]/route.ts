import { commandDownload } from "@/lib/schema/api/downloads";
import { route } from "@/lib/server/compose/route";

export const POST = route(commandDownload, async ({ params, body, services: { downloads } }) => {
  await downloads.command(params.id, body.action);
  return { downloads: downloads.list(), bytesPerSecondLimit: downloads.bytesPerSecondLimit };
});
