import type { TokenLogprob } from "@/lib/schema/generation";

const choiceOf = ({ id, token, logprob }: Omit<TokenLogprob, "top">) => ({
  id,
  token,
  // A part of a character has no text, and its bytes are not known.
  bytes: token.includes("\uFFFD") ? null : [...new TextEncoder().encode(token)],
  logprob,
});

/** The form of chats. `id` is the token's number, as in llama.cpp's server. */
export const chatLogprobs = (all: readonly TokenLogprob[]) => ({
  content: all.map(entry => ({ ...choiceOf(entry), top_logprobs: entry.top.map(choiceOf) })),
  refusal: null,
});

/** The older form of plain completions. */
export function completionLogprobs(all: readonly TokenLogprob[]) {
  const offsets: number[] = [];
  let offset = 0;
  for (const { token } of all) {
    offsets.push(offset);
    offset += token.length;
  }
  return {
    tokens: all.map(({ token }) => token),
    token_logprobs: all.map(({ logprob }) => logprob),
    top_logprobs: all.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset: offsets,
  };
}
