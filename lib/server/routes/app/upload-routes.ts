import { cancelUpload, sendPiece, startUpload } from "@/lib/schema/api/uploads";
import { route } from "../route";

export const uploadRoutes = [
  route(startUpload, async ({ body, services: { uploads } }) => ({
    id: await uploads.start(body.fileName, body.fileBytes),
  })),
  route(sendPiece, ({ params, query, bytes, services: { uploads } }) =>
    uploads.append(params.id, query.offsetBytes, bytes),
  ),
  route(cancelUpload, async ({ params, services: { uploads } }) => {
    await uploads.cancel(params.id);
    return { id: params.id };
  }),
];
