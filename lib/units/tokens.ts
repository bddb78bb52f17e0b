/** llama.cpp rounds the number of KV cells up to this many tokens. @see llama.cpp src/llama-context.cpp (GGML_PAD(n_ctx, 256)) */
export const CONTEXT_PAD_TOKENS = 256;

/** Rounds up to a multiple; both are positive integers. */
export const padUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** "32,768". Does not use `toLocaleString`, because its first call takes 25 ms and would slow down `npm run plan`. */
export const formatTokens = (tokens: number): string => String(tokens).replace(/\B(?=(\d{3})+$)/g, ",");

/** "32k" for whole multiples of 1024, otherwise "32,000": for axis labels and chips. */
export const formatTokensShort = (tokens: number): string =>
  tokens >= 1024 && tokens % 1024 === 0 ? `${tokens / 1024}k` : formatTokens(tokens);

/** Tokens a second: 4.2, 45, 1,200. */
export const formatRate = (rate: number): string => (rate < 9.95 ? rate.toFixed(1) : formatTokens(Math.round(rate)));
