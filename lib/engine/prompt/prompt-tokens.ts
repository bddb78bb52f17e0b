import { type ChatHistoryItem, type LlamaModel, LlamaVocabularyType, type Token, type Tokenizer } from "node-llama-cpp";
import { JobError } from "../job-error";
import type { ChatTemplate } from "./chat-template";

/**
 * A text with more characters than this for each token of the context cannot fit. It is not tokenized, because the tokenizer blocks
 * the event loop and handles only about a megabyte a second.
 */
const CHARACTERS_PER_TOKEN_LIMIT = 32;
const SAMPLE_CHARACTERS = 65_536;

export const isHuge = (texts: readonly string[], contextTokens: number): boolean =>
  texts.reduce((sum, text) => sum + text.length, 0) > contextTokens * CHARACTERS_PER_TOKEN_LIMIT;

/** Exact for a short text. A longer text is estimated from its beginning. */
export function estimateTokens(model: LlamaModel, text: string): number {
  const sample = text.slice(0, SAMPLE_CHARACTERS);
  const tokens = model.tokenize(sample).length;
  return sample.length === text.length ? tokens : Math.round((tokens / sample.length) * text.length);
}

/** @throws JobError CONTEXT_EXCEEDED, with an estimate of the tokens, for a text that is far too long */
export function refuseHugeText(model: LlamaModel, texts: readonly string[], contextTokens: number): void {
  if (isHuge(texts, contextTokens)) throw contextExceeded(estimateTokens(model, texts.join("\n")), contextTokens);
}

export const contextExceeded = (promptTokens: number, contextTokens: number): JobError =>
  new JobError(
    "CONTEXT_EXCEEDED",
    `The conversation needs ${promptTokens} tokens and the context holds ${contextTokens}.`,
    { promptTokens, contextTokens },
  );

/** The whole prompt as tokens, in the model's own template. */
export const chatTokens = (tokenizer: Tokenizer, template: ChatTemplate, history: ChatHistoryItem[]): Token[] =>
  template.render(history).tokenize(tokenizer);

/** The tokens that node-llama-cpp puts before a completion's input, so that the cache holds the same. @see its utils/tokenizerUtils.js */
export function beginningTokens({ vocabularyType, tokens }: LlamaModel): Token[] {
  const { rwkv, ugm, wpm } = LlamaVocabularyType;
  if (vocabularyType === rwkv || vocabularyType === ugm || tokens.bos === null) return [];
  return vocabularyType === wpm || tokens.shouldPrependBosToken ? [tokens.bos] : [];
}

/** The tokens that belong after a text that stands alone. */
export function endingTokens({ vocabularyType, tokens }: LlamaModel): Token[] {
  const { rwkv, ugm, wpm } = LlamaVocabularyType;
  if (vocabularyType === rwkv) return [];
  if (vocabularyType === wpm) return tokens.sep === null ? [] : [tokens.sep];
  const hasEnd = vocabularyType === ugm || tokens.shouldAppendEosToken;
  return hasEnd && tokens.eos !== null ? [tokens.eos] : [];
}
