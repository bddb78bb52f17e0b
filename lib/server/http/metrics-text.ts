import { contextTokensOf, type EngineSnapshot } from "@/lib/schema/live-events";
import type { EmbeddingMemory } from "@/lib/schema/plans/gpu-memory";
import type { AnswerTotals } from "@/lib/server/loading/answer-counter";

type Snapshot = Pick<EngineSnapshot, "answering" | "queueLength" | "restarts" | "config" | "held" | "other">;
type Metric = readonly [name: string, type: "counter" | "gauge", help: string, value: number];

const perSecond = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);

/** The names of llama.cpp's server where it has one. @see llama.cpp tools/server/server-task.cpp, to_metrics */
function metricsOf(
  totals: AnswerTotals,
  { answering, queueLength, restarts, config, held, other }: Snapshot,
): readonly Metric[] {
  const contextTokens = contextTokensOf({ config, ...(other && { other }) });
  const { promptTokens, promptSeconds, generatedTokens, generatedSeconds } = totals;
  return [
    ["llamacpp:prompt_tokens_total", "counter", "Prompt tokens computed, without cached ones.", promptTokens],
    ["llamacpp:prompt_tokens_cached_total", "counter", "Prompt tokens taken from the cache.", totals.cachedTokens],
    ["llamacpp:prompt_seconds_total", "counter", "Time spent on prompts.", promptSeconds],
    ["llamacpp:tokens_predicted_total", "counter", "Tokens generated.", generatedTokens],
    ["llamacpp:tokens_predicted_seconds_total", "counter", "Time spent generating.", generatedSeconds],
    ["llamacpp:n_tokens_max", "counter", "Longest prompt and answer, in tokens.", totals.longestTokens],
    [
      "llamacpp:prompt_tokens_seconds",
      "gauge",
      "Average prompt tokens a second.",
      perSecond(promptTokens, promptSeconds),
    ],
    [
      "llamacpp:predicted_tokens_seconds",
      "gauge",
      "Average tokens generated a second.",
      perSecond(generatedTokens, generatedSeconds),
    ],
    ["llamacpp:requests_processing", "gauge", "Requests being answered.", answering],
    ["llamacpp:requests_deferred", "gauge", "Requests that wait.", queueLength],
    ["headroom:answers_total", "counter", "Answers finished.", totals.answers],
    ["headroom:engine_restarts_total", "counter", "Restarts of the engine after a crash.", restarts],
    ["headroom:model_loaded", "gauge", "1 while a model is loaded.", contextTokens === null ? 0 : 1],
    ["headroom:context_tokens", "gauge", "Context size of what is loaded.", contextTokens ?? 0],
    ["headroom:gpu_layers", "gauge", "Layers on the GPU.", config?.gpuLayers ?? 0],
    ["headroom:gpu_weights_bytes", "gauge", "GPU memory of the weights.", held?.weightsBytes ?? 0],
    ["headroom:gpu_kv_bytes", "gauge", "GPU memory of the KV cache.", held?.kvBytes ?? 0],
    ["headroom:gpu_compute_bytes", "gauge", "GPU memory of the compute buffers.", held?.computeBytes ?? 0],
  ];
}

function embeddingMetrics(held: EmbeddingMemory | null): readonly Metric[] {
  const { weightsBytes, kvBytes, computeBytes } = held ?? { weightsBytes: 0, kvBytes: 0, computeBytes: 0 };
  const total = weightsBytes + kvBytes + computeBytes;
  return [
    ["headroom:embedding_model_bytes", "gauge", "System memory of the embedding model, all of the next three.", total],
    ["headroom:embedding_weights_bytes", "gauge", "System memory of its weights.", weightsBytes],
    ["headroom:embedding_kv_bytes", "gauge", "System memory of its KV cache.", kvBytes],
    ["headroom:embedding_compute_bytes", "gauge", "System memory of its compute buffers.", computeBytes],
  ];
}

/** GET /metrics: what happened since the start, in Prometheus' text format. */
export const metricsText = (totals: AnswerTotals, snapshot: Snapshot, embedding: EmbeddingMemory | null): string =>
  [...metricsOf(totals, snapshot), ...embeddingMetrics(embedding)]
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join("");
