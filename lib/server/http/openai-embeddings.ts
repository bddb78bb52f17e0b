import type { EmbeddingsRequest } from "@/lib/schema/openai";

/** One text, one list of tokens, or a list of either. */
export function inputsOf(input: EmbeddingsRequest["input"]): (string | number[])[] {
  if (typeof input === "string") return [input];
  const tokens = input.filter(entry => typeof entry === "number");
  return tokens.length > 0 ? [tokens] : input.filter(entry => typeof entry !== "number");
}

/** OpenAI's clients ask for base64 by themselves: 32-bit floats, little-endian. */
export const writeVector = (vector: readonly number[], format: "float" | "base64"): number[] | string => {
  if (format === "float") return [...vector];
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
};
