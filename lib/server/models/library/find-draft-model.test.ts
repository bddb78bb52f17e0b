import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { fittingDrafts, hasSameVocabulary, type Library, type ProfiledModel } from "./find-draft-model";

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
    ["with another name for the fifth token", modelOf(tokens.with(4, "<|tool|>")), true],
    ["with another sixth token", modelOf(tokens.with(5, "<|tool|>")), false],
    ["with another token in the middle", modelOf(tokens.with(1000, "something else")), false],
    ["with another end", modelOf(tokens, { eos: 3 }), false],
    ["with another kind of vocabulary", modelOf(tokens, { kind: "llama" }), false],
  ])("%s: %#", async (_what, draft, fits) => {
    expect(await hasSameVocabulary(model, draft)).toBe(fits);
    expect(await hasSameVocabulary(draft, model)).toBe(fits);
  });
});

it("offers what has the vocabulary and at most a quarter of the size, the smallest first", async () => {
  const files = {
    "quarter.gguf": { ...modelOf(tokens), fileBytes: 25, role: "text" },
    "tiny.gguf": { ...modelOf(tokens), fileBytes: 5, role: "text" },
    "third.gguf": { ...modelOf(tokens), fileBytes: 33, role: "text" },
    "other.gguf": { ...modelOf(tokens.with(1000, "something else")), fileBytes: 5, role: "text" },
    "vectors.gguf": { ...modelOf(tokens), fileBytes: 5, role: "embedding" },
  } as const;
  type Name = keyof typeof files;
  const library = {
    listModels: async () =>
      Object.entries(files).map(([name, { fileBytes, role, profile }]) => ({
        name,
        fileBytes,
        profile: { ...profile, role },
      })),
    resolveModel: async (name: Name) => files[name].path,
    readProfile: async (path: string) => Object.values(files).find(file => file.path === path)?.profile,
  } as unknown as Library;
  const large = { ...model, profile: { ...model.profile, fileBytes: 100 } } as ProfiledModel;
  const offered: string[] = [];
  for await (const { name } of fittingDrafts(large, library)) offered.push(name);
  expect(offered).toEqual(["tiny.gguf", "quarter.gguf"]);
});
