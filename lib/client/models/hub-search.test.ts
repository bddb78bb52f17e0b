import { expect, it } from "vitest";
import { answerTo } from "./hub-search";

const file = { kind: "file", source: "hf:owner/repo@v2/q4/m.gguf" } as const;

it.each(["owner/repo@v2", "hf:owner/repo@v2", "https://huggingface.co/owner/repo/tree/v2"])(
  "shows the one file of a repository among its files, for %s",
  words => expect(answerTo(words, file)).toEqual({ kind: "repository", name: "owner/repo@v2", files: [] }),
);

it.each(["owner/repo:Q4_K_M", "hf:owner/repo@v2/q4/m.gguf", "https://huggingface.co/owner/repo/blob/v2/q4/m.gguf"])(
  "leads to the file that %s names",
  words => expect(answerTo(words, file)).toBe(file),
);

it("leads to a file of another server", () => {
  const elsewhere = { kind: "file", source: "https://example.com/m" } as const;
  expect(answerTo("https://example.com/m", elsewhere)).toBe(elsewhere);
});
