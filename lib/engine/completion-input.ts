import type { LlamaModel, Token } from "node-llama-cpp";
import type { CommandParams } from "@/lib/schema/engine-commands";
import { JobError } from "./job-error";
import { refuseHugeText } from "./prompt-tokens";
import { knownToken } from "./tokenize-parts";

type Request = Pick<CommandParams<"complete">, "prompt" | "suffix">;

/**
 * The tokens of a raw prompt. With a suffix, they ask for what belongs between the two, in the order that llama.cpp's server uses.
 *
 * @throws JobError CONTEXT_EXCEEDED for a huge text, INVALID_INPUT for a suffix where the vocabulary cannot express it
 */
export function completionInput(model: LlamaModel, { prompt, suffix = "" }: Request, contextTokens: number): Token[] {
  refuseHugeText(model, [...(typeof prompt === "string" ? [prompt] : []), suffix], contextTokens);
  // Special tokens in a raw prompt are used as such, as in llama.cpp's own server.
  const before =
    typeof prompt === "string" ? model.tokenize(prompt, true) : prompt.map(token => knownToken(model, token));
  if (suffix === "") return before;
  const { prefix, suffix: between, middle } = model.tokens.infill;
  if (prefix === null || between === null || middle === null)
    throw new JobError(
      "INVALID_INPUT",
      "suffix needs a model that can fill in a middle: the vocabulary of this one has no tokens for it.",
    );
  return [prefix, ...before, between, ...model.tokenize(suffix), middle];
}
