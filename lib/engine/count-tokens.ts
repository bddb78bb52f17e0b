import type { ChatTurn } from "@/lib/schema/engine-commands";
import { toChatHistory } from "./chat-history";
import type { LoadedModel } from "./loaded-model";
import { chatTokens, estimateTokens, isHuge } from "./prompt-tokens";

export interface TokenCounts {
  /** Of each turn's own text, without what the template puts around it. */
  readonly tokensPerTurn: number[];
  /** Of the whole prompt, template included: what the context must hold. */
  readonly totalTokens: number;
}

/**
 * How much of the context these turns would take, before anything is evaluated. Turns that are out of all proportion are estimated: whoever
 * asks wants to know which of them to leave out.
 */
export function countTokens({ model, template, context }: LoadedModel, turns: readonly ChatTurn[]): TokenCounts {
  const texts = turns.map(turn => turn.content);
  if (isHuge(texts, context.contextSize)) {
    const tokensPerTurn = texts.map(text => estimateTokens(model, text));
    return { tokensPerTurn, totalTokens: tokensPerTurn.reduce((sum, tokens) => sum + tokens, 0) };
  }
  return {
    tokensPerTurn: texts.map(text => model.tokenize(text).length),
    totalTokens: turns.length === 0 ? 0 : chatTokens(model, template, toChatHistory(turns)).length,
  };
}
