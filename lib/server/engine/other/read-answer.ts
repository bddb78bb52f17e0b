import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { FinishReason, GenerationStats, TokenLogprob } from "@/lib/schema/generation";
import { readEvents } from "@/lib/schema/read-events";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { parseJson } from "@/lib/server/system/parse-json";
import { asOtherEngineError, readText, refusalWords, type ServerAddress, whoOf, withoutKey } from "./ask-server";
import { garbageError, OtherEngineError, refusedError } from "./other-engine-error";

const said = z.string().nullish();
/** Reasoning is `reasoning_content` for llama.cpp, vLLM, SGLang and DeepSeek, and `reasoning` for Ollama and later vLLM. */
const toolCallSchema = z.object({
  /** Absent in an answer that was not streamed. */
  index: z.int().nonnegative().optional(),
  id: said,
  function: z.object({ name: said, arguments: said }),
});
const deltaSchema = z.object({
  content: said,
  reasoning_content: said,
  reasoning: said,
  tool_calls: z.array(toolCallSchema).nullish(),
});
const count = z.int().nonnegative().catch(0);

const likelihood = { token: z.string(), logprob: z.number(), id: z.int().optional() };
const logprobSchema = z.object({ ...likelihood, top_logprobs: z.array(z.object(likelihood)).default([]) });

const pieceSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: deltaSchema.nullish(),
        /** Of an answer that was not streamed although it was asked for. */
        message: deltaSchema.nullish(),
        text: said,
        logprobs: z
          .object({ content: z.array(logprobSchema).nullish() })
          .nullish()
          .catch(null),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
  /** Of llama.cpp's server: its own clock. */
  timings: z
    .object({
      cache_n: count.optional(),
      prompt_per_second: z.number(),
      predicted_per_second: z.number(),
      /** Tokens that a draft model guessed, and how many of them were right. */
      draft_n: count.optional(),
      draft_n_accepted: count.optional(),
    })
    .nullish()
    .catch(null),
  prompt_progress: z.object({ total: count, processed: count }).nullish().catch(null),
  error: z.unknown().optional(),
});
type Piece = z.infer<typeof pieceSchema>;

interface Answering {
  readonly server: ServerAddress;
  readonly model: string;
  readonly signal: AbortSignal | undefined;
  /** Where no limit was given, an answer that is too long has filled the context. */
  readonly lengthMeans: "length" | "context";
  /** Whether the request wants a tool to be called, whatever the model thinks of it. */
  readonly mustCall: boolean;
  readonly now: () => number;
  /** When it was asked, by the same clock. */
  readonly askedAtMs: number;
}

/**
 * A server's answer as the messages of our own engine. It ends with "finished", also when the caller stops it.
 *
 * @throws OtherEngineError when it breaks off, falls silent, or is no answer
 */
export async function* readAnswer(
  response: Response,
  answering: Answering,
): AsyncGenerator<GenerationMessage, void, undefined> {
  const { server, signal } = answering;
  const id = randomUUID();
  const meter = new AnswerMeter(answering);
  const calls = new CallCollector();
  let hasCalled = false;
  let reason: FinishReason | null = null;
  try {
    for await (const data of dataOf(response, server)) {
      const piece = pieceOf(data, answering);
      meter.take(piece);
      const { prompt_progress: progress } = piece;
      if (progress) yield { type: "prefill", id, doneTokens: progress.processed, totalTokens: progress.total };
      const logprobs = logprobsOf(piece);
      for (const { text, isThought } of textsOf(piece)) {
        meter.tick();
        yield { type: "text", id, text, tokens: 1, thought: isThought, ...(logprobs.length > 0 && { logprobs }) };
      }
      for (const call of calls.take(piece)) {
        meter.tick();
        hasCalled = true;
        yield { type: "tool-call", id, ...call };
      }
      reason = finishReasonOf(piece, answering.lengthMeans) ?? reason;
    }
  } catch (error) {
    if (!signal?.aborted) throw asOtherEngineError(error, server, signal);
  }
  if (signal?.aborted) reason = "cancelled";
  if (reason === null)
    throw new OtherEngineError(
      "ENGINE_AWAY",
      `${whoOf(server)} broke off in the middle of the answer.`,
      "What it wrote is kept. Continue the answer when the server is back.",
    );
  if (answering.mustCall && !hasCalled && reason === "stop")
    throw new OtherEngineError(
      "INVALID_INPUT",
      `${whoOf(server)} called no tool, although tool_choice asks for a call.`,
      "Choose a model whose chat template has tools, start it with tool calls enabled (vllm --enable-auto-tool-choice), or leave tool_choice at auto.",
    );
  yield { type: "finished", id, reason, stats: meter.stats() };
}

async function* dataOf(response: Response, server: ServerAddress): AsyncGenerator<string> {
  if (response.body === null) return;
  const isStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false;
  if (!isStream) yield await readText(response, server);
  else
    for await (const data of readEvents(response.body)) {
      if (data === "[DONE]") return;
      yield data;
    }
}

function pieceOf(data: string, { server, model }: Answering): Piece {
  const value = parseJson(data);
  const parsed = pieceSchema.safeParse(value);
  const piece = parsed.data;
  if (piece?.error != null) {
    const code = z.object({ code: z.int() }).safeParse(piece.error).data?.code;
    const text = withoutKey(refusalWords(value) ?? "", server);
    throw refusedError({
      who: whoOf(server),
      model,
      status: code !== undefined && code >= 400 && code < 600 ? code : 500,
      text,
      retryAfter: null,
      hasKey: server.key !== null,
    });
  }
  if (piece === undefined || (piece.choices === undefined && !piece.usage))
    throw garbageError(whoOf(server), withoutKey(data, server));
  return piece;
}

const textsOf = ({ choices = [] }: Piece) =>
  choices.flatMap(({ delta, message, text }) => {
    const { content, reasoning_content, reasoning } = { ...message, ...delta };
    return [
      { text: reasoning_content ?? reasoning ?? "", isThought: true },
      { text: content ?? text ?? "", isThought: false },
    ].filter(part => part.text !== "");
  });

/** Only llama.cpp's server tells the numbers of tokens. */
const UNKNOWN_TOKEN = -1;

const logprobsOf = ({ choices = [] }: Piece): TokenLogprob[] =>
  choices.flatMap(({ logprobs }) =>
    (logprobs?.content ?? []).map(({ token, logprob, id = UNKNOWN_TOKEN, top_logprobs: top }) => ({
      id,
      token,
      logprob,
      top: top.map(choice => ({ ...choice, id: choice.id ?? UNKNOWN_TOKEN })),
    })),
  );

/** "tool_calls" and unknown reasons count as ordinary ends. */
function finishReasonOf({ choices = [] }: Piece, lengthMeans: FinishReason): FinishReason | null {
  const given = choices.map(choice => choice.finish_reason).find(text => text != null);
  if (given === undefined || given === null) return null;
  return given === "length" || given === "max_tokens" ? lengthMeans : "stop";
}

/** The calls of an answer: only the first piece of each has its id and name. */
class CallCollector {
  readonly #known = new Map<number, { readonly callId: string; readonly name: string }>();

  take({ choices = [] }: Piece) {
    const pieces = choices.flatMap(({ delta, message }) => delta?.tool_calls ?? message?.tool_calls ?? []);
    return pieces.map(({ index: given, id, function: { name, arguments: text } }, order) => {
      const index = given ?? order;
      const call = this.#known.get(index) ?? { callId: id || randomUUID(), name: name ?? "" };
      this.#known.set(index, call);
      return { index, ...call, arguments: text ?? "" };
    });
  }
}

/** Tokens and times: the server's own where it tells them, otherwise the pieces and our clock. */
class AnswerMeter {
  #pieces = 0;
  #firstAtMs: number | null = null;
  #lastAtMs: number;
  #usage: Piece["usage"] = null;
  #timings: Piece["timings"] = null;

  constructor(private readonly answering: Answering) {
    this.#lastAtMs = answering.askedAtMs;
  }

  take({ usage, timings }: Piece): void {
    this.#usage = usage ?? this.#usage;
    this.#timings = timings ?? this.#timings;
  }

  tick(): void {
    this.#pieces += 1;
    this.#lastAtMs = this.answering.now();
    this.#firstAtMs ??= this.#lastAtMs;
  }

  stats(): GenerationStats {
    const { askedAtMs, now } = this.answering;
    const usage = this.#usage;
    const timings = this.#timings;
    const generatedTokens = usage?.completion_tokens ?? this.#pieces;
    const promptTokens = usage?.prompt_tokens ?? 0;
    const cachedTokens = Math.min(promptTokens, usage?.prompt_tokens_details?.cached_tokens ?? timings?.cache_n ?? 0);
    const timeToFirstTokenMs = (this.#firstAtMs ?? now()) - askedAtMs;
    return {
      promptTokens,
      cachedTokens,
      generatedTokens,
      timeToFirstTokenMs,
      tokensPerSecond:
        timings?.predicted_per_second ??
        perSecond(generatedTokens - 1, this.#lastAtMs - (this.#firstAtMs ?? this.#lastAtMs)),
      prefillTokensPerSecond: timings?.prompt_per_second ?? perSecond(promptTokens - cachedTokens, timeToFirstTokenMs),
      totalMs: now() - askedAtMs,
      ...(timings?.draft_n && { draft: { tokens: timings.draft_n, right: timings.draft_n_accepted ?? 0 } }),
    };
  }
}

const perSecond = (tokens: number, ms: number): number => (tokens > 0 && ms > 0 ? (tokens * 1000) / ms : 0);
