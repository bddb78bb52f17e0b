import type { ChatWrapper, LlamaModel } from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-messages";
import { promptTokens, toChatHistory } from "./chat-history";

export interface TokenCounts {
  /** Of each turn's own text, without what the template puts around it. */
  readonly tokensPerTurn: number[];
  /** Of the whole prompt, template included: what the context must hold. */
  readonly totalTokens: number;
}

/** How much of the context these turns would take, before anything is evaluated. */
export function countTokens(model: LlamaModel, wrapper: ChatWrapper, turns: readonly ChatTurn[]): TokenCounts {
  return {
    tokensPerTurn: turns.map(turn => model.tokenize(turn.content).length),
    totalTokens: turns.length === 0 ? 0 : promptTokens(model, wrapper, toChatHistory(turns)).length,
  };
}
