import { openAiModel } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { openAiModels } from "@/lib/server/http/openai-models";
import { RequestError } from "@/lib/server/system/request-error";

export const GET = route(openAiModel, async ({ params, services }) => {
  const id = params.id.map(decoded).join("/");
  const models = await openAiModels(services);
  const found = models.find(model => model.id === id);
  if (found !== undefined) return found;
  const names = models.map(model => model.id).join(", ");
  throw new RequestError("MODEL_NOT_FOUND", `There is no model "${id.slice(0, 200)}". There are: ${names || "none"}.`);
});

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
