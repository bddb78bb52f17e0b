import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { hasSameVocabulary } from "./find-draft-model";

const folder = mkdtempSync(join(tmpdir(), "headroom-draft-"));
let files = 0;

function modelOf(tokens: readonly string[], change: { kind?: string; eos?: number; last?: boolean } = {}) {
  const { kind = "gpt2", eos = 2, last = false } = change;
  files += 1;
  const path = join(folder, `${files}.gguf`);
  const list = { "tokenizer.ggml.tokens": { strings: tokens } };
  const rest = { "tokenizer.ggml.model": kind, "tokenizer.ggml.eos_token_id": eos };
  const metadata = { "general.architecture": "llama", ...(last ? { ...rest, ...list } : { ...list, ...rest }) };
  writeFileSync(path, writeGgufHeader({ metadata, tensors: [] }));
  return { path, profile: { tokenizerModel: kind, vocabularySize: tokens.length } };
}

const tokens = Array.from({ length: 2000 }, (_, index) => `token ${index}`);
const model = modelOf(tokens);

describe("a model can draft for another", () => {
  it.each([
    ["with the same tokens", modelOf(tokens), true],
    ["with the same tokens as the last entry of its header", modelOf(tokens, { last: true }), true],
    ["with 128 more at the end", modelOf([...tokens, ...tokens.slice(0, 128)]), true],
    ["with 129 more at the end", modelOf([...tokens, ...tokens.slice(0, 129)]), false],
    ["with another token in the middle", modelOf(tokens.with(1000, "something else")), false],
    ["with another end", modelOf(tokens, { eos: 3 }), false],
    ["with another kind of vocabulary", modelOf(tokens, { kind: "llama" }), false],
  ])("%s: %#", async (_what, draft, fits) => {
    expect(await hasSameVocabulary(model, draft)).toBe(fits);
    expect(await hasSameVocabulary(draft, model)).toBe(fits);
  });
});
