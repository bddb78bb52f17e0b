import * as z from "zod/mini";

const promptSchema = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(60)),
  text: z.string().check(z.minLength(1), z.maxLength(65_536)),
});
export type SavedPrompt = z.infer<typeof promptSchema>;

const KEY = "headroom.prompts";

/** Prompts to begin with, and examples of what a system prompt can say. */
export const examplePrompts: readonly SavedPrompt[] = [
  { name: "Brief", text: "Answer in as few words as possible. No introductions, no summaries." },
  { name: "Teacher", text: "Explain step by step, with one small example. Ask at the end whether it was clear." },
  {
    name: "Code reviewer",
    text: "You review code. Name the bugs first, then what is hard to read. Quote the line that you mean.",
  },
  { name: "Translator", text: "Translate what I write into English. Answer with the translation only." },
];

/** Prompts that the user keeps in this browser. */
export function readPrompts(): SavedPrompt[] {
  try {
    return z.array(promptSchema).parse(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return [];
  }
}

/** Under the same name the new text replaces the old one. */
export function savePrompt(prompt: SavedPrompt): SavedPrompt[] {
  return write([...readPrompts().filter(({ name }) => name !== prompt.name), prompt]);
}

export const removePrompt = (name: string): SavedPrompt[] =>
  write(readPrompts().filter(prompt => prompt.name !== name));

function write(prompts: SavedPrompt[]): SavedPrompt[] {
  try {
    localStorage.setItem(KEY, JSON.stringify(prompts));
  } catch {
    // The storage is full or forbidden. The prompt is still in the field.
  }
  return prompts;
}
