import { describe, expect, it } from "vitest";
import { GIB, mibToBytes } from "@/lib/units/bytes";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { formatReport } from "./format-report";
import { planReport } from "./plan-report";

const surface = { ...mistralSurface, model: { ...mistralSurface.model, fileBytes: mibToBytes(4166.1) } };
const settings = planSettings({ N_CTX: 32_768 });

describe("the report for machines", () => {
  const report = planReport({ surface, gpu: p4000, settings, simple: true });

  it("has the names that scripts rely on", () => {
    expect(Object.keys(report)).toEqual(["model", "gpu", "settings", "budgetBytes", "plan", "simple"]);
    expect(Object.keys(report.model)).toEqual(["name", "architecture", "blocks", "fileBytes"]);
    expect(Object.keys(report.gpu ?? {})).toEqual([
      "name",
      "backend",
      "totalBytes",
      "usedByOthersBytes",
      "freeBytes",
      "source",
    ]);
    expect(Object.keys(report.plan)).toEqual(
      expect.arrayContaining([
        "kind",
        "gpuLayers",
        "totalLayers",
        "contextTokens",
        "predicted",
        "computeSource",
        "placement",
        "perDevice",
        "perLayer",
        "why",
        "alternatives",
      ]),
    );
    expect(Object.keys(report.plan.predicted)).toEqual([
      "weightsBytes",
      "kvBytes",
      "computeBytes",
      "overheadBytes",
      "totalBytes",
    ]);
    expect(Object.keys(report.plan.perLayer[0] ?? {})).toEqual([
      "index",
      "role",
      "device",
      "weightsBytes",
      "expertBytesInRam",
      "kvBytes",
    ]);
  });

  it("says which blocks the card has, and what it is predicted to hold", () => {
    const { placement, perDevice, predicted } = report.plan;
    // 21 of 33 layers are the output and the last 20 of 32 blocks.
    const cards = [{ device: p4000.name, firstBlock: 12, blocks: 20, hasOutput: true }];
    expect(placement).toEqual({ gpuLayers: 21, expertBlocksInRam: 0, cards, kvInRam: false });
    expect(perDevice).toEqual([{ device: p4000.name, budgetBytes: report.budgetBytes, predicted }]);
  });

  it("says the plan of the sketch", () => {
    expect(report.plan).toMatchObject({
      kind: "partial",
      gpuLayers: 21,
      totalLayers: 33,
      contextTokens: 32_768,
      computeSource: "dry-run",
    });
    expect(report.plan.why).toMatch(/^21 of 33 layers fit\./);
    expect(report.simple?.layers).toBe(8);
  });

  it("holds whole bytes throughout", () => {
    const numbers: [path: string, value: number][] = [];
    JSON.stringify(report, (key, value: unknown) => {
      if (typeof value === "number" && key.endsWith("Bytes")) numbers.push([key, value]);
      return value;
    });
    expect(numbers.length).toBeGreaterThan(70);
    expect(numbers.filter(([, value]) => !Number.isSafeInteger(value) || value < 0)).toEqual([]);
  });

  it("leaves out the simple formula unless asked, and the card where there is none", () => {
    expect(planReport({ surface, gpu: p4000, settings })).not.toHaveProperty("simple");
    expect(planReport({ surface, gpu: null, settings, simple: true })).toMatchObject({
      gpu: null,
      budgetBytes: 0,
      plan: { kind: "cpu-only", gpuLayers: 0 },
    });
  });
});

describe("the report for people", () => {
  const text = formatReport({
    surface,
    gpu: p4000,
    settings,
    simple: true,
    computer: {
      memory: { totalBytes: 16 * GIB, availableBytes: 2 * GIB },
      useMmap: true,
      cpuTokensPerSecond: null,
      speed: { ramBytesPerSecond: 28.5e9, threads: 8, decode: [], prefill: [] },
    },
  });

  it.each([
    ["the card's memory now", /budget +5,396\.6 MiB/],
    ["what a layer costs", /KV cache of a block +128\.0 MiB/],
    ["the plan in a sentence", /21 of 33 layers fit\. The next one needs 37 MiB more than your 80 % leaves\./],
    ["its parts", /GPU +2,443\.2 MiB +2,560\.0 MiB +185\.0 MiB +300\.0 MiB +5,488\.2 MiB/],
    // Quadro P4000, 243 GB/s: 20 blocks and the output on it 14 ms, 12 blocks in RAM 55, the token 2: 71 ms. With 27 blocks 19 + 23 + 2 = 44.
    ["alternatives", /q8_0 KV cache +28 of 33 +\+7 +about 23 tokens\/s instead of 14/],
    ["the speed", /decode, 32,768 tokens in it +[\d.]+ to [\d.]+ tokens\/s/],
    [
      "the simple formula",
      /130\.2 MiB \+ 512\.0 MiB = 642\.2 MiB a layer: 8 of 32 layers, 5,638 MiB, 68\.8 % of 8,192 MiB/,
    ],
    ["why it differs", /It counts every attention head, 4 times the keys and values that are kept\./],
    ["the table of contexts", /16,384 +29 +33 +33 +14/],
    ["whether system memory is enough", /too much for system memory: 2\.99 GiB is needed and 2\.00 GiB is available/],
  ])("says %s", (_, line) => {
    expect(text).toMatch(line);
  });

  it("draws the card as a bar of 60 cells with the target between two of them", () => {
    // Of 8,192 MiB: others 857 = 6 cells; to 3,300 = 24; to 5,860 = 43; to 6,045 = 44; to 6,345 = 46; target 0.8 = 48
    expect(text).toContain(
      `[${"/".repeat(6)}${"W".repeat(18)}${"K".repeat(19)}C${"o".repeat(2)}..|${".".repeat(12)}] 8.00 GiB`,
    );
  });

  it("names what is too much for the card first, and behind the bar", () => {
    const text = formatReport({ surface, gpu: p4000, settings: planSettings({ N_CTX: 32_768, LAYERS: 33 }) });
    expect(text).toContain("  1.02 GiB too much for the card: you chose 33 of 33 layers, and 21 would fit.");
    expect(text).toMatch(/\] 8\.00 GiB, 1\.02 GiB too much$/m);
    expect(text).toContain("more than the target leaves. A load would take layers off until it fits.");
  });

  it("leaves out everything about a card where there is none", () => {
    const cpu = formatReport({ surface, gpu: null, settings, simple: true });
    expect(cpu).toContain("Runs on the CPU: 7.96 GiB of memory.");
    expect(cpu).not.toMatch(/budget|Alternatives|Simple formula|GPU +0/);
  });
});
