import { openAiModels as endpoint } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { openAiModels } from "@/lib/server/http/openai-models";

export const GET = route(endpoint, async ({ services }) => ({
  object: "list" as const,
  data: await openAiModels(services),
}));
