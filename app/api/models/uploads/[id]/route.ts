import { cancelUpload, sendPiece } from "@/lib/schema/api/uploads";
import { route } from "@/lib/server/compose/route";

export const PATCH = route(sendPiece, ({ params, query, request, services: { uploads } }) =>
  uploads.append(params.id, query.offsetBytes, request.body),
);

export const DELETE = route(cancelUpload, async ({ params, services: { uploads } }) => {
  await uploads.cancel(params.id);
  return { id: params.id };
});
