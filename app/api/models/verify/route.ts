import { cancelVerification, readVerification, startVerification } from "@/lib/schema/api/model-details";
import { route } from "@/lib/server/compose/route";

export const GET = route(readVerification, ({ query, services }) => services.verifier.read(query.name));

export const POST = route(startVerification, ({ body, services }) => services.verifier.start(body.name));

export const DELETE = route(cancelVerification, ({ body, services }) => services.verifier.cancel(body.name));
