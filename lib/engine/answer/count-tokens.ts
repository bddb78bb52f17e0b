import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import type { LoadedModel } from "../model/loaded-model";
import { estimateTokens, isHuge } from "../prompt/prompt-tokens";
import { promptTokens } from "./render-prompt";

export interface TokenCounts {
  /** Tokens of each turn's own text, without the template's. */
  readonly tokensPerTurn: number[];
  /** Tokens of the whole prompt, template and tools included. The context must hold all of them. */
  readonly totalTokens: number;
}

/**
 * How much of the context these turns would take. Nothing is evaluated. Turns that are far too long are only estimated, which is
 * enough to decide which of them to leave out.
 */
export async function countTokens(
  loaded: LoadedModel,
  { turns, ...options }: PromptOptions & { readonly turns: readonly ChatTurn[] },
): Promise<TokenCounts> {
  const { model, tokenizer, context } = loaded;
  const texts = turns.map(turn => turn.content);
  if (isHuge(texts, context.contextSize)) {
    const tokensPerTurn = texts.map(text => estimateTokens(model, text));
    return { tokensPerTurn, totalTokens: tokensPerTurn.reduce((sum, tokens) => sum + tokens, 0) };
  }
  return {
    tokensPerTurn: texts.map(text => tokenizer(text).length),
    totalTokens: turns.length === 0 ? 0 : (await promptTokens(loaded, turns, options)).length,
  };
}
