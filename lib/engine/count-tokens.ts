import type { ChatTurn } from "@/lib/schema/engine-messages";
import { toChatHistory } from "./chat-history";
import type { LoadedModel } from "./loaded-model";
import { chatTokens, refuseHugeText } from "./prompt-tokens";

export interface TokenCounts {
  /** Of each turn's own text, without what the template puts around it. */
  readonly tokensPerTurn: number[];
  /** Of the whole prompt, template included: what the context must hold. */
  readonly totalTokens: number;
}

/** How much of the context these turns would take, before anything is evaluated. */
export function countTokens({ model, template, context }: LoadedModel, turns: readonly ChatTurn[]): TokenCounts {
  const texts = turns.map(turn => turn.content);
  refuseHugeText(model, texts, context.contextSize);
  return {
    tokensPerTurn: texts.map(text => model.tokenize(text).length),
    totalTokens: turns.length === 0 ? 0 : chatTokens(model, template, toChatHistory(turns)).length,
  };
}
