import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import { RequestError } from "@/lib/server/system/request-error";
import type { AnswerPart } from "./answer-request";

/** One finished choice. */
export interface AnswerChoice {
  readonly text: string;
  /** What a thinking model wrote before its answer; empty for none. */
  readonly thought: string;
  readonly reason: FinishReason;
  readonly stats: GenerationStats;
}

/**
 * Reads an answer to its end.
 *
 * @returns the choices in their order
 * @throws RequestError ENGINE_CRASHED when a choice has no end
 */
export async function gatherAnswer(parts: AsyncIterable<AnswerPart>, choiceCount: number): Promise<AnswerChoice[]> {
  const texts = Array.from({ length: choiceCount }, () => ({ text: "", thought: "" }));
  const endings: (Pick<AnswerChoice, "reason" | "stats"> | undefined)[] = [];
  for await (const part of parts) {
    const own = texts[part.choice];
    if (part.type === "text" && own !== undefined) own[part.thought ? "thought" : "text"] += part.text;
    if (part.type === "finished") endings[part.choice] = { reason: part.reason, stats: part.stats };
  }
  return texts.map((text, choice) => {
    const ending = endings[choice];
    if (ending === undefined)
      throw new RequestError("ENGINE_CRASHED", "The engine ended without finishing the answer.");
    return { ...text, ...ending };
  });
}
