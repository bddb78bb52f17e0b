import type { Sampling } from "@/lib/schema/engine-commands";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { greedySampling } from "@/lib/schema/settings/sampling";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";

export const loadConfig = (change: Partial<LoadConfig> = {}): LoadConfig => ({
  modelPath: "models/some.gguf",
  gpuLayers: 8,
  contextTokens: 1024,
  batchTokens: 512,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  threads: 2,
  useMmap: true,
  ...change,
});

/** An engine with a model about which nothing is known. */
export const engineSnapshot = (change: Partial<EngineSnapshot> = {}): EngineSnapshot => ({
  state: "loaded",
  generation: 1,
  info: null,
  modelName: null,
  config: null,
  totalLayers: null,
  held: null,
  hasChatTemplate: null,
  flashAttentionActive: null,
  progress: null,
  error: null,
  notice: null,
  answering: 0,
  queueLength: 0,
  loadWaits: false,
  restarts: 0,
  ...change,
});

export const sampling: Sampling = {
  ...greedySampling,
  topK: 0,
  topP: 1,
  minP: 0,
  maxTokens: 16,
};

export const question = { turns: [{ role: "user" as const, content: "Hello?" }], sampling };

/** The result of an answer: its text, how it ended, or its error code. */
export interface HeardAnswer {
  text: string;
  reason: string | null;
  code: string | null;
}

/** Reads an answer in the background. The result grows as the answer comes. */
export function listen(answer: AsyncIterable<GenerationMessage>): HeardAnswer {
  const heard: HeardAnswer = { text: "", reason: null, code: null };
  const read = async () => {
    for await (const message of answer) {
      if (message.type === "text") heard.text += message.text;
      if (message.type === "finished") heard.reason = message.reason;
    }
  };
  read().catch(error => {
    heard.code = codeOf(error);
  });
  return heard;
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : `no code: ${error}`;

/** The state of a promise, without waiting for it: "pending", "done", or its error code. */
export function watch(promise: Promise<unknown>): { state: string } {
  const watched = { state: "pending" };
  promise.then(
    () => {
      watched.state = "done";
    },
    error => {
      watched.state = codeOf(error);
    },
  );
  return watched;
}
