import { expect, it } from "vitest";
import type { LocalModel } from "@/lib/schema/models/local-model";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { lastSpeed, recentModels } from "./recent-models";

const model = (name: string): LocalModel => ({
  name,
  fileBytes: 1,
  modifiedAtMs: 0,
  parts: 1,
  sameAs: null,
  origin: null,
  profile: null,
  plan: null,
  problem: null,
});
const load = (modelName: string, atMs: number, tokensPerSecond: number | null = null) =>
  ({ modelName, atMs, tokensPerSecond }) as Receipt;
const models = ["a.gguf", "b.gguf", "c.gguf", "d.gguf"].map(model);
const receipts = [load("c.gguf", 30), load("b.gguf", 20, 12.5), load("c.gguf", 10, 40)];
const names = (words: string) => recentModels(models, receipts, words).map(({ name }) => name);

it("puts the model that was loaded last first, and models without a load last, by name", () => {
  expect(names("")).toEqual(["c.gguf", "b.gguf", "a.gguf", "d.gguf"]);
});

it("keeps the models whose name has the words", () => {
  expect(names(" B.G ")).toEqual(["b.gguf"]);
});

it("takes the speed of the newest load that has one", () => {
  expect(lastSpeed(receipts, "c.gguf")).toBe(40);
  expect(lastSpeed(receipts, "a.gguf")).toBeNull();
});
