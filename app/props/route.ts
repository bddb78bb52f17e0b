import { readProps } from "@/lib/schema/api/llama-server";
import { samplingWith } from "@/lib/schema/sampling";
import { route } from "@/lib/server/compose/route";

export const GET = route(readProps, async ({ services: { engine, settings } }) => {
  const { config, info } = engine.snapshot();
  const own = settings.read();
  const facts = config === null ? null : await engine.describe();
  const { temperature, topK, topP, minP, repeatPenalty, seed, maxTokens, stop } = samplingWith({}, own);
  return {
    default_generation_settings: {
      n_ctx: config?.contextTokens ?? own.N_CTX,
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
    total_slots: config?.sequences ?? 1,
    model_alias: own.MODEL,
    model_path: config?.modelPath ?? "",
    chat_template: facts?.chatTemplate ?? "",
    bos_token: facts?.bosText ?? "",
    eos_token: facts?.eosText ?? "",
    modalities: { vision: false as const, audio: false as const },
    build_info: info === null ? "" : `llama.cpp ${info.llamaCppRelease}`,
    is_sleeping: config === null,
  };
});
