import { completions } from "@/lib/schema/api/openai";
import { completionRequestSchema, unknownFields } from "@/lib/schema/openai";
import { route } from "@/lib/server/compose/route";
import type { Services } from "@/lib/server/compose/services";
import { openAiCompletion } from "@/lib/server/http/dialects/openai-answer";
import { completionAnswerRequest, promptsOf } from "@/lib/server/http/dialects/openai-request";
import { serveAnswer } from "@/lib/server/http/dialects/serve-answer";

export const POST = route(completions, async ({ body, signal, keyId, services }) => {
  const echoes = body.echo ? await Promise.all(promptsOf(body.prompt).map(prompt => echoOf(prompt, services))) : [];
  const request = completionAnswerRequest(body, services.settings.read(), echoes);
  return serveAnswer({
    services,
    signal,
    keyId,
    request,
    dialect: openAiCompletion(body, request),
    stream: body.stream ?? false,
    ignoredFields: unknownFields(completionRequestSchema, body),
  });
});

const echoOf = async (prompt: string | number[], { host }: Pick<Services, "host">): Promise<string> =>
  typeof prompt === "string" ? prompt : (await host.detokenize(prompt)).text;
