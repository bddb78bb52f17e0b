import * as z from "zod";
import type { EngineKind, EngineLoad } from "@/lib/schema/engines/answering-engine";
import { askServer, readText, type ServerAddress } from "./ask-server";
import { asked } from "./describe-server";

const SILENCE_MS = 3_000;

/** The same fact under the names that each kind of server gives it. Older versions have the later names. */
const metricNames = {
  running: ["llamacpp:requests_processing", "vllm:num_requests_running", "sglang:num_running_reqs"],
  waiting: ["llamacpp:requests_deferred", "vllm:num_requests_waiting", "sglang:num_queue_reqs"],
  kvUsedFraction: [
    "vllm:kv_cache_usage_perc",
    "vllm:gpu_cache_usage_perc",
    "sglang:token_usage",
    "llamacpp:kv_cache_usage_ratio",
  ],
  promptTokensPerSecond: ["llamacpp:prompt_tokens_seconds"],
  tokensPerSecond: ["llamacpp:predicted_tokens_seconds", "sglang:gen_throughput"],
} as const;

const nothing: EngineLoad = {
  running: null,
  waiting: null,
  slots: null,
  kvUsedFraction: null,
  fullestSlotFraction: null,
  promptTokensPerSecond: null,
  tokensPerSecond: null,
  vramBytes: null,
};

/** What the server reports about its load; null if it reports nothing. Never throws: an answer does not depend on it. */
export async function readLoad(server: ServerAddress, kind: EngineKind, model: string): Promise<EngineLoad | null> {
  const question = { silenceMs: SILENCE_MS };
  if (kind === "ollama") {
    const running = await asked(server, "/api/ps", question, ollamaSchema);
    const vramBytes = running?.models.find(({ name }) => name === model)?.size_vram;
    return vramBytes === undefined ? null : { ...nothing, vramBytes };
  }
  if (kind === "lm-studio" || kind === "other") return null;
  const metrics = await askServer(server, "/metrics", question)
    .then(response => readText(response, server))
    .catch(() => "");
  const reported = loadFromMetrics(metrics);
  if (kind !== "llama-server") return reported;
  // Its metrics are off unless asked for; its slots are on.
  const slots = await asked(server, "/slots", question, slotsSchema);
  if (slots === null) return reported;
  return {
    ...(reported ?? nothing),
    slots: slots.length,
    running: reported?.running ?? slots.filter(slot => slot.is_processing).length,
    fullestSlotFraction: fullestSlot(slots),
  };
}

const ollamaSchema = z.object({ models: z.array(z.object({ name: z.string(), size_vram: z.int().nonnegative() })) });
const slotsSchema = z
  .array(
    z.object({
      is_processing: z.boolean(),
      n_ctx: z.int().positive().nullish().catch(null),
      /** What it holds in its cache, written tokens too. Missing before its first answer, and in older releases. */
      n_prompt_tokens: z.int().nonnegative().nullish().catch(null),
    }),
  )
  .min(1);

function fullestSlot(slots: z.output<typeof slotsSchema>): number | null {
  const fractions = slots.flatMap(({ n_ctx: cells, n_prompt_tokens: held }) =>
    cells && held != null ? [held / cells] : [],
  );
  return fractions.length === 0 ? null : Math.max(...fractions);
}

/** Reads Prometheus' text format. A server of several engines has a line for each: counts are added, shares are the largest. */
export function loadFromMetrics(text: string): EngineLoad | null {
  const values = new Map<string, number[]>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([a-z]+:\w+)(?:\{[^}]*\})?\s+(\S+)/i.exec(line) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) continue;
    values.set(name, [...(values.get(name) ?? []), Number(value)]);
  }
  const found = (names: readonly string[]) => names.map(name => values.get(name)).find(list => list !== undefined);
  const count = (names: readonly string[]) => {
    const list = found(names);
    return list === undefined ? null : Math.round(list.reduce((sum, value) => sum + value, 0));
  };
  const most = (names: readonly string[]) => {
    const list = found(names);
    return list === undefined ? null : Math.max(...list);
  };
  const load = {
    ...nothing,
    running: count(metricNames.running),
    waiting: count(metricNames.waiting),
    kvUsedFraction: most(metricNames.kvUsedFraction),
    promptTokensPerSecond: most(metricNames.promptTokensPerSecond),
    tokensPerSecond: most(metricNames.tokensPerSecond),
  };
  return Object.values(load).every(value => value === null) ? null : load;
}
