import { changeApiKey, listApiKeys, makeApiKey, requireApiKeys, revokeApiKey } from "@/lib/schema/api/api-keys";
import type { Services } from "@/lib/server/compose/services";
import { route } from "../route";

const keysOf = ({ access: { apiKeys, token } }: Services) => ({
  keys: apiKeys.list(),
  areRequired: apiKeys.areRequired,
  areAsked: apiKeys.areRequired || token !== null,
});

export const apiKeyRoutes = [
  route(listApiKeys, ({ services }) => keysOf(services)),
  route(makeApiKey, ({ body, services }) => services.access.apiKeys.make(body)),
  route(requireApiKeys, ({ body, services }) => {
    services.access.apiKeys.require(body.areRequired);
    return keysOf(services);
  }),
  route(changeApiKey, ({ params, body, services }) => services.access.apiKeys.change(params.id, body)),
  route(revokeApiKey, ({ params, services }) => {
    services.access.apiKeys.revoke(params.id);
    return keysOf(services);
  }),
];
