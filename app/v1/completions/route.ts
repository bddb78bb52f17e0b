import { completions } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { completionShape, openAiSampling } from "@/lib/server/http/openai-answer";
import { serveCompletion } from "@/lib/server/http/serve-completion";

export const POST = route(completions, ({ body, signal, services }) => {
  const prompt = [body.prompt].flat().join("");
  const sampling = openAiSampling(body, services.settings.read());
  return serveCompletion({
    services,
    signal,
    shape: completionShape,
    idPrefix: "cmpl",
    body,
    start: gone => services.host.complete({ prompt, sampling }, gone),
  });
});
