import { changeApiKey, revokeApiKey } from "@/lib/schema/api/api-keys";
import { route } from "@/lib/server/compose/route";

export const PATCH = route(changeApiKey, ({ params, body, services }) =>
  services.access.apiKeys.change(params.id, body),
);

export const DELETE = route(revokeApiKey, ({ params, services }) => {
  const { apiKeys } = services.access;
  apiKeys.revoke(params.id);
  return { keys: apiKeys.list(), areRequired: apiKeys.areRequired };
});
