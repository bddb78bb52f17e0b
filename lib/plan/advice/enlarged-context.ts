import { MAX_CONTEXT_TOKENS } from "@/lib/schema/settings/chat-settings";

/** Leaves room for some more turns, so that the offer does not come up again with the next message. */
const ROOM_TO_GO_ON = 1.25;

/**
 * The context to offer to a conversation that needs more: the next power of two with room for some turns. It is never larger
 * than the model was trained for, because answers get unusable beyond that.
 *
 * @param trainedTokens 0 where the header does not say
 * @returns null when the conversation needs more than the model was trained for: then no larger context helps
 */
export function enlargedContext(neededTokens: number, trainedTokens: number): number | null {
  const mostTokens = trainedTokens > 0 ? trainedTokens : MAX_CONTEXT_TOKENS;
  if (neededTokens > mostTokens) return null;
  return Math.min(mostTokens, 2 ** Math.ceil(Math.log2(neededTokens * ROOM_TO_GO_ON)));
}
