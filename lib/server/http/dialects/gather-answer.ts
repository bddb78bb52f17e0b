import type { FinishReason, GenerationStats, TokenLogprob } from "@/lib/schema/generation";
import type { ToolCall } from "@/lib/schema/tools";
import { RequestError } from "@/lib/server/system/request-error";
import type { AnswerPart } from "./answer-request";

/** One finished choice. */
export interface AnswerChoice {
  readonly text: string;
  /** What a thinking model wrote before its answer; empty for none. */
  readonly thought: string;
  /** The tools that the model calls, in the order of its calls. */
  readonly calls: readonly ToolCall[];
  /** Of the answer's tokens, if they were asked for. */
  readonly logprobs: readonly TokenLogprob[];
  /** What the model read, if that was asked for. */
  readonly prompt: string | null;
  readonly reason: FinishReason;
  /** The stop string that ended it, where one did and the engine says which. */
  readonly stopString?: string | undefined;
  readonly stats: GenerationStats;
}

type CallPart = Extract<AnswerPart, { type: "tool-call" }>;

/**
 * Reads an answer to its end.
 *
 * @returns the choices in their order
 * @throws RequestError ENGINE_CRASHED when a choice has no end
 */
export async function gatherAnswer(parts: AsyncIterable<AnswerPart>, choiceCount: number): Promise<AnswerChoice[]> {
  const texts = Array.from({ length: choiceCount }, () => ({
    text: "",
    thought: "",
    calls: [] as ToolCall[],
    logprobs: [] as TokenLogprob[],
    prompt: null as string | null,
  }));
  const endings: (Pick<AnswerChoice, "reason" | "stopString" | "stats"> | undefined)[] = [];
  for await (const part of parts) {
    const own = texts[part.choice];
    if (own === undefined) continue;
    if (part.type === "prompt") own.prompt = part.prompt;
    if (part.type === "text") {
      own[part.thought ? "thought" : "text"] += part.text;
      if (!part.thought) own.logprobs.push(...(part.logprobs ?? []));
    }
    if (part.type === "tool-call") addCallPiece(own.calls, part);
    if (part.type === "finished") endings[part.choice] = part;
  }
  return texts.map((text, choice) => {
    const ending = endings[choice];
    if (ending === undefined)
      throw new RequestError("ENGINE_CRASHED", "The engine ended without finishing the answer.");
    const { reason, stopString, stats } = ending;
    return { ...text, reason, stopString, stats };
  });
}

function addCallPiece(calls: ToolCall[], { index, callId, name, arguments: text }: CallPart): void {
  const known = calls[index];
  if (known === undefined) calls[index] = { id: callId, name, arguments: text };
  else known.arguments += text;
}
