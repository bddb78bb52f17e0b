import { chatCompletions } from "@/lib/schema/api/openai";
import { route } from "@/lib/server/compose/route";
import { chatShape, openAiSampling, turnsOf } from "@/lib/server/http/openai-answer";
import { serveCompletion } from "@/lib/server/http/serve-completion";

export const POST = route(chatCompletions, ({ body, signal, services }) => {
  const turns = turnsOf(body.messages);
  const sampling = openAiSampling(body, services.settings.read());
  return serveCompletion({
    services,
    signal,
    shape: chatShape,
    idPrefix: "chatcmpl",
    body,
    start: gone => services.host.generate({ turns, sampling }, gone),
  });
});
