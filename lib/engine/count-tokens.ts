import type { ChatTurn } from "@/lib/schema/engine-commands";
import { toChatHistory } from "./chat-history";
import type { LoadedModel } from "./loaded-model";
import { chatTokens, estimateTokens, isHuge } from "./prompt-tokens";

export interface TokenCounts {
  /** Tokens of each turn's own text, without the template's. */
  readonly tokensPerTurn: number[];
  /** Tokens of the whole prompt, template included. The context must hold all of them. */
  readonly totalTokens: number;
}

/**
 * How much of the context these turns would take. Nothing is evaluated. Turns that are far too long are only estimated, which is
 * enough to decide which of them to leave out.
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
