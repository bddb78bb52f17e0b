import type { LlamaText } from "node-llama-cpp";
import { MIB } from "@/lib/units/bytes";
import { TemplateSandboxError } from "./template-sandbox";

/** A template adds names and marks to what was said, and may indent tools or show the system prompt twice. */
const GROWTH = 8;
const ADDED_CHARACTERS = MIB;

/**
 * Texts are put in after the template has run: a template that names one of them ten thousand times makes a huge prompt, and the
 * tokenizer cannot be stopped.
 *
 * @param said what the template got, as any value
 * @throws TemplateSandboxError
 */
export function checkGrowth(text: LlamaText, said: unknown): void {
  const characters = text.values.reduce((sum, value) => sum + lengthOf(value), 0);
  if (characters <= ADDED_CHARACTERS) return;
  const maxCharacters = ADDED_CHARACTERS + GROWTH * JSON.stringify(said).length;
  if (characters > maxCharacters)
    throw new TemplateSandboxError(`it writes ${characters} characters where at most ${maxCharacters} are read`);
}

const lengthOf = (value: LlamaText["values"][number]): number =>
  typeof value === "string" ? value.length : value.value.length;
