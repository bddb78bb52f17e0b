import { detokenize } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";

export const POST = route(detokenize, async ({ body, services }) => ({
  content: (await services.host.detokenize(body.tokens)).text,
}));
