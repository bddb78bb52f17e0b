import type { ModelHost } from "@/lib/server/loading/model-host";
import type { AnswerPart, AnswerRequest, Prompt } from "./answer-request";

export type Answerer = Pick<ModelHost, "generate" | "complete">;

/** A fixed seed would make all choices equal, so each further choice takes the next one, as in llama.cpp's server. */
const MAX_SEED = 0xffff_ffff;
const seedOf = (seed: number, choice: number): number => (seed < 0 ? seed : (seed + choice) % (MAX_SEED + 1));

interface Asking {
  /** Whose turns these are in the queue. */
  readonly caller: string;
  /** Called when the turn of a choice has come. What it throws ends the answer. */
  readonly onTurn?: () => Promise<void>;
}

/** Answers all prompts of a request at once; the engine's queue decides how many are written side by side. */
export function answerParts(
  host: Answerer,
  request: AnswerRequest,
  signal: AbortSignal,
  asking: Asking,
): AsyncGenerator<AnswerPart> {
  const { prompts, choicesPerPrompt } = request;
  const choices = prompts.flatMap(prompt => Array.from({ length: choicesPerPrompt }, () => prompt));
  if (choices.length === 1) return choiceParts(host, request, prompts[0], 0, signal, asking);
  return merged(signal, until =>
    choices.map((prompt, choice) => choiceParts(host, request, prompt, choice, until, asking)),
  );
}

async function* choiceParts(
  host: Answerer,
  request: AnswerRequest,
  prompt: Prompt,
  choice: number,
  signal: AbortSignal,
  { caller, onTurn }: Asking,
): AsyncGenerator<AnswerPart> {
  const sampling = { ...request.sampling, seed: seedOf(request.sampling.seed, choice % request.choicesPerPrompt) };
  const { reportPrompt, templateOptions } = request;
  const messages =
    prompt.kind === "turns"
      ? host.generate({ ...turnsAndTools(prompt), sampling, reportPrompt, templateOptions }, signal, caller)
      : host.complete(
          { prompt: prompt.text, ...(prompt.suffix && { suffix: prompt.suffix }), sampling },
          signal,
          caller,
        );
  const echo = prompt.kind === "text" ? prompt.echo : undefined;
  let waits = true;
  for await (const message of messages) {
    if (waits && message.type !== "queued") {
      waits = false;
      await onTurn?.();
      if (echo !== undefined) yield { type: "text", id: message.id, text: echo, tokens: 0, thought: false, choice };
    }
    yield { ...message, choice };
  }
}

type Conversation = Extract<Prompt, { kind: "turns" }>;

const turnsAndTools = ({ turns, toolUse }: Conversation) => ({ turns, ...(toolUse && { toolUse }) });

/**
 * The items of all sources in the order in which they come. Ends with the first failure.
 *
 * @param start makes the sources; its signal says when nobody waits for them any more
 */
async function* merged<Item>(
  signal: AbortSignal,
  start: (until: AbortSignal) => AsyncGenerator<Item>[],
): AsyncGenerator<Item> {
  const ended = new AbortController();
  const sources = start(AbortSignal.any([signal, ended.signal]));
  const next = (source: AsyncGenerator<Item>) => {
    const item = source.next().then(result => ({ source, result }));
    // After the first failure the others may fail too, when nobody listens any more.
    item.catch(() => {});
    return item;
  };
  const waiting = new Map(sources.map(source => [source, next(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done) waiting.delete(source);
      else {
        waiting.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    // One choice failed, or the reader left.
    ended.abort();
    await Promise.allSettled(sources.map(source => source.return(undefined)));
  }
}
