import { readProps } from "@/lib/schema/api/llama-server";
import { contextTokensOf, takesPictures } from "@/lib/schema/live-events";
import { samplingWith } from "@/lib/schema/sampling";
import { route } from "@/lib/server/compose/route";

export const GET = route(readProps, async ({ services: { engine, host, settings } }) => {
  const snapshot = host.snapshot();
  const { config, info, other } = snapshot;
  const own = settings.read();
  const facts = config === null || other !== undefined ? null : await engine.describe();
  const { temperature, topK, topP, minP, repeatPenalty, seed, maxTokens, stop } = samplingWith({}, own);
  return {
    default_generation_settings: {
      n_ctx: contextTokensOf(snapshot) ?? own.N_CTX,
      params: {
        temperature,
        top_k: topK,
        top_p: topP,
        min_p: minP,
        repeat_penalty: repeatPenalty,
        seed,
        n_predict: maxTokens === 0 ? -1 : maxTokens,
        stop,
      },
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
});
