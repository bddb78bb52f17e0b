import type { LlamaContextSequence, Token, Tokenizer } from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { commonTokens } from "../sequences/common-tokens";
import { toChatHistory } from "./chat-history";
import type { ChatTemplate } from "./chat-template";
import { chatTokens } from "./prompt-tokens";

/** A person reads the answer for longer than this. Programs that ask again at once do not have to wait. */
export const NEXT_TURN_PAUSE_MS = 200;
/** Small, so that a request waits for one step at most. */
const STEP_TOKENS = 16;
/** Two messages that no tokenizer begins with the same token. */
const MESSAGES = ["A", "7"] as const;

/**
 * The beginning of the next turn, whatever the user writes: the conversation with this answer, the end of its turn and the start of the
 * user's. It is without the model's thoughts if the template drops them.
 */
export function nextTurnTokens(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  turns: readonly ChatTurn[],
  answer: string,
): Token[] {
  const last = turns.at(-1);
  const isContinued = last?.role === "assistant";
  const answered: ChatTurn = { role: "assistant", content: (isContinued ? last.content : "") + answer };
  const before = isContinued ? turns.slice(0, -1) : turns;
  const [one, other] = MESSAGES.map(content =>
    chatTokens(tokenizer, template, toChatHistory([...before, answered, { role: "user", content }])),
  ) as [Token[], Token[]];
  return one.slice(0, commonTokens(one, other));
}

/** Computes tokens into the sequence before a request asks for them. A turn for which the context has no room is left alone. */
export async function computeAhead(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<void> {
  if (tokens.length + STEP_TOKENS > sequence.context.contextSize) return;
  await sequence.adaptStateToTokens([...tokens], false);
  while (sequence.nextTokenIndex < tokens.length && !signal.aborted)
    await sequence.evaluateWithoutGeneratingNewTokens(
      tokens.slice(sequence.nextTokenIndex, sequence.nextTokenIndex + STEP_TOKENS),
    );
}
