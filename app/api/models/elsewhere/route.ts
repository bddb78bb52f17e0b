import { elsewhereQuerySchema } from "@/lib/schema/remote-models";
import { route } from "@/lib/server/compose/route";

/** What an address that somebody pasted leads to: one file, or the files of a repository to choose from. */
export const GET = route({
  query: elsewhereQuerySchema,
  handle: ({ query, services }) => services.remoteModels.find(query.address),
});
