import { listApiKeys, makeApiKey, requireApiKeys } from "@/lib/schema/api/api-keys";
import { route } from "@/lib/server/compose/route";
import type { Services } from "@/lib/server/compose/services";

const keysOf = ({ access: { apiKeys } }: Services) => ({ keys: apiKeys.list(), areRequired: apiKeys.areRequired });

export const GET = route(listApiKeys, ({ services }) => keysOf(services));

export const POST = route(makeApiKey, ({ body, services }) => services.access.apiKeys.make(body));

export const PATCH = route(requireApiKeys, ({ body, services }) => {
  services.access.apiKeys.require(body.areRequired);
  return keysOf(services);
});
