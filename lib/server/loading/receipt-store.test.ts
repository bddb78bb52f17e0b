import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GenerationStats } from "@/lib/schema/generation";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { ReceiptStore } from "./receipt-store";

const folder = mkdtempSync(join(tmpdir(), "headroom-receipts-"));

const parts = { weightsBytes: 1, kvBytes: 2, computeBytes: 3, overheadBytes: 4, totalBytes: 10 };
const range = { low: 1, high: 2 };
const receipt = (modelName: string): Omit<Receipt, "id"> => ({
  atMs: 1,
  modelName,
  device: "card",
  driverVersion: null,
  backend: "cuda",
  config: {
    modelPath: "m.gguf",
    gpuLayers: 3,
    contextTokens: 4096,
    batchTokens: 512,
    sequences: 1,
    kvType: "f16",
    flashAttention: "auto",
    threads: 2,
    useMmap: true,
  },
  totalLayers: 31,
  requestedGpuLayers: 3,
  lowered: null,
  predicted: parts,
  actual: parts,
  buffers: { gpuWeightsBytes: 1, gpuContextBytes: 5, ramWeightsBytes: 0, ramContextBytes: 0 },
  split: { gpuKvBytes: 2, gpuComputeBytes: 3, ramKvBytes: null, ramComputeBytes: null },
  deviceUsedBeforeBytes: null,
  deviceUsedAfterBytes: null,
  measuredOverheadBytes: null,
  loadMs: 100,
  tokensPerSecond: null,
  speed: {
    predicted: { decodeEmpty: range, decodeFull: range, prefill: range, basis: "known" },
    parts: { empty: { cpu: 0.02 }, full: { cpu: 0.04 }, prompt: { cpu: 0.001 }, longPrompt: { cpu: 0.002 } },
    decode: null,
    prefill: null,
  },
});

const answer = (tokensPerSecond: number): GenerationStats => ({
  promptTokens: 20,
  cachedTokens: 0,
  generatedTokens: 40,
  timeToFirstTokenMs: 100,
  tokensPerSecond,
  prefillTokensPerSecond: 500,
  totalMs: 1000,
});

test("keeps the speed of the newest load's fastest answer, also after a new start", async () => {
  const path = join(folder, "receipts.jsonl");
  const store = new ReceiptStore(path);
  await store.append(receipt("older"));
  await store.append(receipt("newer"));
  await store.noteAnswer(answer(42.5));
  await store.noteAnswer(answer(7));
  const speeds = (from: ReceiptStore) =>
    from.list().map(({ modelName, tokensPerSecond }) => [modelName, tokensPerSecond]);
  const expected = [
    ["newer", 42.5],
    ["older", null],
  ];
  expect(speeds(store)).toEqual(expected);
  expect(speeds(new ReceiptStore(path))).toEqual(expected);
});

test("notes nothing where nothing was loaded", async () => {
  const store = new ReceiptStore(join(folder, "empty.jsonl"));
  await store.noteAnswer(answer(42.5));
  expect(store.list()).toEqual([]);
});
