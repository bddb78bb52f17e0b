import type { LlamaModel, Token } from "node-llama-cpp";
import type { CommandAnswer, CommandParams } from "@/lib/schema/engine-commands";
import { JobError } from "../job-error";
import { beginningTokens, endingTokens } from "./prompt-tokens";

/** The tokenizer blocks the event loop for about a second a megabyte. */
const MAX_CHARACTERS = 1_000_000;

/** @throws JobError INVALID_INPUT for a text that is too long, or for a token that the vocabulary lacks */
export function tokenizeParts(
  model: LlamaModel,
  { parts, addSpecial, parseSpecial, withPieces }: CommandParams<"tokenize">,
): Pick<CommandAnswer<"tokenize">, "tokens" | "pieces"> {
  const characters = parts.reduce<number>((sum, part) => sum + (typeof part === "string" ? part.length : 0), 0);
  if (characters > MAX_CHARACTERS)
    throw new JobError(
      "INVALID_INPUT",
      `The text has ${characters} characters, and ${MAX_CHARACTERS} can be tokenized at once: send it in parts.`,
    );
  const inner = parts.flatMap(part =>
    typeof part === "string" ? model.tokenize(part, parseSpecial) : knownToken(model, part),
  );
  const tokens = addSpecial ? [...beginningTokens(model), ...inner, ...endingTokens(model)] : inner;
  return { tokens, pieces: withPieces ? tokens.map(token => pieceOf(model, token)) : null };
}

/** @throws JobError INVALID_INPUT */
export const detokenizeText = (model: LlamaModel, tokens: readonly number[]): string =>
  model.detokenize(
    tokens.map(token => knownToken(model, token)),
    true,
  );

export const describeModel = ({ tokens, fileInfo }: LlamaModel) => ({
  chatTemplate: fileInfo.metadata.tokenizer?.chat_template ?? null,
  bosText: tokens.bosString,
  eosText: tokens.eosString,
  canInfill: tokens.infill.prefix !== null && tokens.infill.suffix !== null && tokens.infill.middle !== null,
});

export const vocabularyOf = ({ fileInfo }: LlamaModel): readonly string[] =>
  fileInfo.metadata.tokenizer?.ggml?.tokens ?? [];

/** @throws JobError INVALID_INPUT: llama.cpp would end the process at a token that it does not know */
export function knownToken(model: LlamaModel, token: number): Token {
  const count = vocabularyOf(model).length;
  if (token >= 0 && token < count) return token as Token;
  throw new JobError("INVALID_INPUT", `The vocabulary has the tokens 0 to ${count - 1}, not ${token}.`);
}

/** What the binding shows where a token's bytes are no whole character. */
const REPLACEMENT = "\u{FFFD}";

/** A token's text; its bytes where it holds only a part of a character. */
function pieceOf(model: LlamaModel, token: Token): string | number[] {
  const text = model.detokenize([token], true);
  if (!text.includes(REPLACEMENT)) return text;
  return bytesOf(vocabularyOf(model)[token] ?? "") ?? text;
}

/** "<0xE5>" of SentencePiece, or the letters that byte-level vocabularies write bytes with; null for neither. */
function bytesOf(entry: string): number[] | null {
  const hex = /^<0x([0-9A-F]{2})>$/.exec(entry)?.[1];
  if (hex !== undefined) return [Number.parseInt(hex, 16)];
  const bytes = Array.from(entry, letter => byteOfLetter.get(letter));
  return bytes.every(byte => byte !== undefined) ? bytes : null;
}

/**
 * Byte-level vocabularies write a byte that is printable in Latin-1 as itself, and the others, in order, as the letters from U+0100.
 *
 * @see llama.cpp src/unicode.cpp, unicode_byte_to_utf8_map
 */
const byteOfLetter: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const letters = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte += 1) {
    letters.set(String.fromCodePoint(isPrintable(byte) ? byte : next), byte);
    if (!isPrintable(byte)) next += 1;
  }
  return letters;
})();
