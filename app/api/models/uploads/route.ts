import { startUpload } from "@/lib/schema/api/uploads";
import { route } from "@/lib/server/compose/route";

export const POST = route(startUpload, async ({ body, services: { uploads } }) => ({
  id: await uploads.start(body.fileName, body.fileBytes),
}));
