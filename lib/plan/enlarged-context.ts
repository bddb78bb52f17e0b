import { MAX_CONTEXT_TOKENS } from "@/lib/schema/settings";

/** Some turns more than what is there, so that the same question does not come back with the next message. */
const ROOM_TO_GO_ON = 1.25;

/**
 * The context to offer to a conversation that needs more: the next power of two with room for some turns, but no more
 * than the model was trained for, because answers fall apart beyond that.
 *
 * @param trainedTokens 0 where the header does not say
 * @returns null when the conversation needs more than the model was trained for: then no context is a way out
 */
export function enlargedContext(neededTokens: number, trainedTokens: number): number | null {
  const mostTokens = trainedTokens > 0 ? trainedTokens : MAX_CONTEXT_TOKENS;
  if (neededTokens > mostTokens) return null;
  return Math.min(mostTokens, 2 ** Math.ceil(Math.log2(neededTokens * ROOM_TO_GO_ON)));
}
