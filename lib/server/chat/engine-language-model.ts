import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from "@ai-sdk/provider";
import * as z from "zod";
import type { ChatTurn, EngineMessage, Sampling } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";

type MessageOf<Type extends EngineMessage["type"]> = Extract<EngineMessage, { type: Type }>;
export type GenerationMessage = MessageOf<"prefill" | "text" | "finished">;

/** The one thing this model needs: an engine that answers turns. */
export interface TurnEngine {
  generate(
    request: { turns: ChatTurn[]; sampling: Sampling; cacheKey?: string },
    signal?: AbortSignal,
  ): AsyncIterable<GenerationMessage>;
}

/** What the AI SDK's call settings have no name for; given under `providerOptions.headroom`. */
export const headroomOptionsSchema = z.strictObject({
  minP: z.number().optional(),
  repeatPenalty: z.number().optional(),
  grammar: z.string().optional(),
  /** The schema as JSON text: for streams of text that the SDK is not to parse itself. */
  jsonSchema: z.string().optional(),
  /** Keeps the prefix of one conversation in the engine's cache. */
  cacheKey: z.string().optional(),
});
export type HeadroomOptions = z.infer<typeof headroomOptionsSchema>;

export interface EngineLanguageModelOptions {
  readonly engine: TurnEngine;
  readonly modelId: string;
  /** Cancels in the engine, which then still reports what it did; the SDK's own signal would cut that off. */
  readonly signal?: AbortSignal;
  readonly onPrefill?: (message: MessageOf<"prefill">) => void;
  readonly onText?: (message: MessageOf<"text">) => void;
  readonly onFinished?: (message: MessageOf<"finished">) => void;
}

/** The embedded engine as a provider of the AI SDK (specification V3), so that it is used like any remote one. */
export function engineLanguageModel(options: EngineLanguageModelOptions): LanguageModelV3 {
  const start = (call: LanguageModelV3CallOptions) => {
    const { cacheKey, ...sampling } = samplingOf(call);
    const request = { turns: turnsOf(call), sampling, ...(cacheKey !== undefined && { cacheKey }) };
    return options.engine.generate(request, options.signal ?? call.abortSignal);
  };
  return {
    specificationVersion: "v3",
    provider: "headroom",
    modelId: options.modelId,
    supportedUrls: {},
    doStream: async call => ({ stream: toStream(streamParts(start(call), options)) }),
    doGenerate: async call => collect(streamParts(start(call), options)),
  };
}

function turnsOf({ prompt }: LanguageModelV3CallOptions): ChatTurn[] {
  return prompt.flatMap((message): ChatTurn[] => {
    if (message.role === "system") return [{ role: "system", content: message.content }];
    if (message.role === "tool") return [];
    const texts = message.content.flatMap(part => (part.type === "text" ? [part.text] : []));
    return [{ role: message.role, content: texts.join("") }];
  });
}

function samplingOf(call: LanguageModelV3CallOptions): Sampling & { cacheKey?: string | undefined } {
  const own = headroomOptionsSchema.parse(call.providerOptions?.headroom ?? {});
  const format = call.responseFormat;
  const jsonSchema: unknown =
    own.jsonSchema !== undefined ? JSON.parse(own.jsonSchema) : format?.type === "json" ? format.schema : undefined;
  return {
    temperature: call.temperature ?? 0.7,
    topK: call.topK ?? 40,
    topP: call.topP ?? 0.95,
    minP: own.minP ?? 0.05,
    repeatPenalty: own.repeatPenalty ?? 1,
    seed: call.seed ?? null,
    maxTokens: call.maxOutputTokens ?? 0,
    stop: call.stopSequences ?? [],
    ...(jsonSchema !== undefined && { jsonSchema }),
    ...(own.grammar !== undefined && { grammar: own.grammar }),
    cacheKey: own.cacheKey,
  };
}

async function* streamParts(
  messages: AsyncIterable<GenerationMessage>,
  options: EngineLanguageModelOptions,
): AsyncGenerator<LanguageModelV3StreamPart> {
  yield { type: "stream-start", warnings: [] };
  const segments = new Segments();
  try {
    for await (const message of messages) yield* partsOf(message, segments, options);
  } catch (error) {
    // Part of the protocol: a stream that breaks would reach nobody as an error.
    yield* segments.end();
    yield { type: "error", error };
  }
}

function* partsOf(
  message: GenerationMessage,
  segments: Segments,
  { onPrefill, onText, onFinished }: EngineLanguageModelOptions,
): Generator<LanguageModelV3StreamPart> {
  if (message.type === "prefill") onPrefill?.(message);
  else if (message.type === "text") {
    onText?.(message);
    yield* segments.add(message);
  } else {
    onFinished?.(message);
    yield* segments.end();
    yield { type: "finish", usage: usageOf(message.stats), finishReason: finishReasonOf(message.reason) };
  }
}

/** Turns marked text into the SDK's opened and closed segments of reasoning and of text. */
class Segments {
  #open: { kind: "text" | "reasoning"; id: string } | null = null;
  #count = 0;

  *add({ text, thought }: MessageOf<"text">): Generator<LanguageModelV3StreamPart> {
    const kind = thought ? "reasoning" : "text";
    if (this.#open?.kind !== kind) {
      yield* this.end();
      this.#open = { kind, id: `${kind}-${this.#count++}` };
      yield { type: `${kind}-start`, id: this.#open.id };
    }
    yield { type: `${kind}-delta`, id: this.#open.id, delta: text };
  }

  *end(): Generator<LanguageModelV3StreamPart> {
    if (this.#open) yield { type: `${this.#open.kind}-end`, id: this.#open.id };
    this.#open = null;
  }
}

const usageOf = (stats: GenerationStats): LanguageModelV3Usage => ({
  inputTokens: {
    total: stats.promptTokens,
    noCache: stats.promptTokens - stats.cachedTokens,
    cacheRead: stats.cachedTokens,
    cacheWrite: undefined,
  },
  outputTokens: { total: stats.generatedTokens, text: stats.generatedTokens, reasoning: undefined },
});

function finishReasonOf(reason: MessageOf<"finished">["reason"]) {
  const unified = { stop: "stop", length: "length", context: "length", cancelled: "other" } as const;
  return { unified: unified[reason], raw: reason };
}

function toStream<Part>(parts: AsyncGenerator<Part>): ReadableStream<Part> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

async function collect(parts: AsyncIterable<LanguageModelV3StreamPart>) {
  let text = "";
  let reasoning = "";
  let finish: Extract<LanguageModelV3StreamPart, { type: "finish" }> | undefined;
  for await (const part of parts) {
    if (part.type === "text-delta") text += part.delta;
    if (part.type === "reasoning-delta") reasoning += part.delta;
    if (part.type === "finish") finish = part;
    if (part.type === "error") throw part.error;
  }
  if (!finish) throw new Error("The engine ended without saying why.");
  return {
    content: [
      ...(reasoning === "" ? [] : [{ type: "reasoning" as const, text: reasoning }]),
      { type: "text" as const, text },
    ],
    finishReason: finish.finishReason,
    usage: finish.usage,
    warnings: [],
  };
}
