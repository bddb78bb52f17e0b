import { noSuchRoute } from "@/lib/server/compose/no-such-route";

const handler = noSuchRoute("/v1/[[...path]]");

export { handler as DELETE, handler as GET, handler as PATCH, handler as POST, handler as PUT };
