import {
  applyTemplate,
  countChatTokensAsLlama,
  detokenize,
  health,
  readMetrics,
  readProps,
  readSlots,
  responsesAsLlama,
  tokenize,
  v1Health,
} from "@/lib/schema/api/llama-server";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { contextTokensOf, takesPictures } from "@/lib/schema/live-events";
import { namedSampling, samplingWith } from "@/lib/schema/settings/sampling";
import { countInputTokens } from "@/lib/server/http/dialects/count-input-tokens";
import { chatPrompt } from "@/lib/server/http/dialects/openai-request";
import { serveResponses } from "@/lib/server/http/dialects/serve-responses";
import { metricsText } from "@/lib/server/http/metrics-text";
import { RequestError } from "@/lib/server/system/request-error";
import { route } from "../route";

/**
 * llama.cpp's answer for a server that can be used. An unloaded model counts as one, because the first request loads it. It needs no key,
 * so why no model can be loaded is not said.
 *
 * @throws RequestError BUSY while a model is being loaded, ENGINE_FAILED when none can be
 */
function requireHealth({ state }: Pick<EngineSnapshot, "state">): { status: "ok" } {
  if (state === "starting" || state === "loading") throw new RequestError("BUSY", "The model is being loaded.");
  if (state === "failed") throw new RequestError("ENGINE_FAILED", "No model can be loaded.");
  return { status: "ok" };
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const llamaServerRoutes = [
  route(tokenize, async ({ body, services }) => {
    const { tokens, pieces } = await services.host.tokenize({
      parts: [body.content].flat(),
      addSpecial: body.add_special,
      parseSpecial: body.parse_special,
      withPieces: body.with_pieces,
    });
    return { tokens: pieces === null ? tokens : tokens.map((id, index) => ({ id, piece: pieces[index] ?? "" })) };
  }),
  route(detokenize, async ({ body, services }) => ({
    content: (await services.host.detokenize(body.tokens)).text,
  })),
  route(applyTemplate, async ({ body, services }) => {
    const { turns, ...options } = chatPrompt(body);
    return { prompt: (await services.host.render(turns, options)).prompt };
  }),
  route(readProps, async ({ services: { engine, host, settings } }) => {
    const snapshot = await host.freshSnapshot();
    const { config, info, other } = snapshot;
    const own = settings.read();
    const facts = config === null || other !== undefined ? null : await engine.describe();
    const { max_tokens: limit, ...params } = namedSampling(samplingWith({}, own));
    return {
      default_generation_settings: {
        n_ctx: contextTokensOf(snapshot) ?? own.N_CTX,
        params: { ...params, n_predict: limit === 0 ? -1 : limit },
      },
      total_slots: other?.load?.slots ?? config?.sequences ?? 1,
      model_alias: other?.model ?? own.MODEL,
      model_path: config?.modelPath ?? "",
      chat_template: facts?.chatTemplate ?? "",
      bos_token: facts?.bosText ?? "",
      eos_token: facts?.eosText ?? "",
      modalities: { vision: takesPictures(snapshot), audio: false as const },
      build_info: other?.engineName ?? (info === null ? "" : `llama.cpp ${info.llamaCppRelease}`),
      is_sleeping: config === null && other === undefined,
    };
  }),
  route(health, ({ services }) => requireHealth(services.host.snapshot())),
  route(v1Health, ({ services }) => requireHealth(services.host.snapshot())),
  route(
    readMetrics,
    ({ services: { answers, embeddings, host } }) =>
      new Response(metricsText(answers.totals(), host.snapshot(), embeddings.held), {
        headers: { "content-type": CONTENT_TYPE },
      }),
  ),
  route(readSlots, async ({ services: { host } }) => {
    const snapshot = await host.freshSnapshot();
    const { config, answering, other } = snapshot;
    // A server that does not tell its slots has one for each of our answers.
    const slots = other?.load?.slots ?? config?.sequences ?? (other === undefined ? 0 : Math.max(1, answering));
    const processing = other?.load?.running ?? answering;
    return Array.from({ length: slots }, (_, id) => ({
      id,
      n_ctx: contextTokensOf(snapshot) ?? 0,
      is_processing: id < processing,
    }));
  }),
  route(countChatTokensAsLlama, countInputTokens),
  route(responsesAsLlama, serveResponses),
];
