import type { Token, Tokenizer } from "node-llama-cpp";
import { MIB } from "@/lib/units/bytes";

/** More than the longest contexts hold. */
const KEPT_CHARACTERS = 2 * MIB;

/**
 * Keeps the tokens of the texts that were read last. Each turn and each count of tokens reads a conversation again, message by message,
 * and choosing a chat format reads the same texts for each format that it tries.
 */
export function rememberingTokenizer(tokenizer: Tokenizer, keptCharacters = KEPT_CHARACTERS): Tokenizer {
  const known = new Map<string, readonly Token[]>();
  let characters = 0;
  const forget = (key: string) => {
    if (known.delete(key)) characters -= key.length;
  };
  return new Proxy(tokenizer, {
    apply(read, _, args: Parameters<Tokenizer>) {
      const key = JSON.stringify(args);
      const tokens = known.get(key) ?? read(...args);
      // As the last one again.
      forget(key);
      known.set(key, tokens);
      characters += key.length;
      for (const oldest of known.keys()) {
        if (characters <= keptCharacters) break;
        forget(oldest);
      }
      return [...tokens];
    },
  });
}
