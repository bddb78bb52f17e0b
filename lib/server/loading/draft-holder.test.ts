import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { ModelFiles } from "@/lib/server/models/library/model-files";
import { card, reportOf } from "@/lib/server/testing/host-rig";
import { GIB, MIB } from "@/lib/units/bytes";
import { DraftHolder } from "./draft-holder";
import type { DraftPair } from "./speculation-meter";

const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-draft-"));
const draftPath = join(modelsFolder, "draft.gguf");
for (const [name, shape] of [
  ["model.gguf", "small-llama-2"],
  ["draft.gguf", "small-llama-2"],
  ["other.gguf", "llama-3.1-8b"],
] as const) {
  const { header, fileBytes } = shapeFile(modelShape(shape));
  writeFileSync(join(modelsFolder, name), header);
  truncateSync(join(modelsFolder, name), fileBytes);
}

interface HolderRig {
  /** The plan's, of the model alone. */
  readonly cards?: LayerPlan["cards"];
  readonly isUseless?: boolean;
}

/** As for 80 MiB of weights, of which 20 are not on a card, and 40 MiB of context. */
function holderOn(memory: GpuMemory | null, { cards = [], isUseless = false }: HolderRig = {}) {
  const asked: LoadConfig[] = [];
  const dryRun = async (config: LoadConfig) => {
    asked.push(config);
    const isOnCard = config.gpuLayers > 0;
    return {
      gpuWeightsBytes: isOnCard ? 60 * MIB : 0,
      gpuContextBytes: isOnCard ? 40 * MIB : 0,
      ramWeightsBytes: isOnCard ? 20 * MIB : 80 * MIB,
      ramContextBytes: isOnCard ? 0 : 40 * MIB,
    };
  };
  const gpu = { read: async () => reportOf(memory) };
  const pairs: DraftPair[] = [];
  const holder = new DraftHolder({
    models: new ModelFiles({ modelsFolder }),
    gpu,
    dryRuns: { dryRun },
    planFor: async () => ({ cards }),
    uselessBecause: pair => {
      pairs.push(pair);
      return isUseless ? "It gains too little." : null;
    },
    autoThreads: () => 6,
  });
  const with_ = (change: Partial<Settings>): Settings => ({
    ...defaultSettings,
    MODEL: "model.gguf",
    DRAFT_MODEL: "draft.gguf",
    N_CTX: 2048,
    ...change,
  });
  return { asked, pairs, holder, settingsWith: with_ };
}

describe("a draft model of our own engine", () => {
  it("is whole on a card, with a context as long as the model's for one answer, and counted there", async () => {
    const { holder, asked, settingsWith } = holderOn(card);
    const { config, problem } = await holder.hold(settingsWith({}));
    expect({ config, problem }).toEqual({ config: { modelPath: draftPath, gpuLayers: 9 }, problem: null });
    expect(asked).toMatchObject([
      { modelPath: draftPath, gpuLayers: 9, contextTokens: 2048, sequences: 1, kvType: "f16" },
    ]);
    expect(holder.onCard).toEqual([{ kind: "draft", name: "draft.gguf", bytes: 100 * MIB }]);
    expect(holder.inRam).toEqual([{ kind: "draft", name: "draft.gguf", bytes: 20 * MIB }]);
  });

  it("asks llama.cpp once, and gives the same list while nothing changed", async () => {
    const { holder, asked, settingsWith } = holderOn(card);
    await holder.hold(settingsWith({}));
    const { onCard } = holder;
    await holder.hold(settingsWith({ SPECULATION: "on" }));
    expect(holder.onCard).toBe(onCard);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ["there is no card", null, {}],
    ["the model is kept off the card", card, { LAYERS: 0 }],
  ] as const)("is in system memory where %s", async (_, memory, change) => {
    const { holder, settingsWith } = holderOn(memory);
    expect((await holder.hold(settingsWith(change))).config).toEqual({ modelPath: draftPath, gpuLayers: 0 });
    expect({ onCard: holder.onCard, inRam: holder.inRam }).toMatchObject({ onCard: [], inRam: [{ bytes: 120 * MIB }] });
  });

  const several = [0, 1, 2].map(position => ({
    position,
    name: "a",
    totalBytes: GIB,
    freeBytes: GIB,
    heldByEngineBytes: 0,
  }));
  /** With so many MiB of the model on it. */
  const plannedCard = (position: number, modelMib: number): LayerPlan["cards"][number] => ({
    position,
    name: "a",
    totalBytes: GIB,
    usedByOthersBytes: 0,
    overheadBytes: 0,
    budgetBytes: 800 * MIB,
    layers: 3,
    predicted: { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: modelMib * MIB },
  });

  it("is on the one of several cards that has the most room beside the model", async () => {
    const cards = [plannedCard(0, 790), plannedCard(1, 300), plannedCard(2, 600)];
    const { holder, settingsWith } = holderOn({ ...card, placesExperts: true, cards: several }, { cards });
    expect((await holder.hold(settingsWith({}))).config?.tensorSplit).toEqual([0, 9]);
    expect(holder.onCard).toEqual([{ kind: "draft", name: "draft.gguf", bytes: 100 * MIB, card: 1 }]);
  });

  it("stays on its card while that has room, and leaves it when it has none", async () => {
    const cards = [plannedCard(0, 300), plannedCard(1, 400)];
    const { holder, settingsWith } = holderOn({ ...card, placesExperts: true, cards: several }, { cards });
    const splitWith = async (...modelMib: [number, number]) => {
      cards.splice(0, 2, ...modelMib.map((mib, position) => plannedCard(position, mib)));
      return (await holder.hold(settingsWith({}))).config?.tensorSplit;
    };
    expect(await splitWith(300, 400)).toEqual([9]);
    expect(await splitWith(700, 400)).toEqual([9]);
    expect(await splitWith(701, 400)).toEqual([0, 9]);
  });

  it("is not loaded where it was measured to be of no use, unless speculation is on", async () => {
    const { holder, pairs, settingsWith } = holderOn(card, { isUseless: true });
    const { config, problem } = await holder.hold(settingsWith({}));
    expect({ config, problem, useless: holder.useless }).toEqual({
      config: undefined,
      problem: null,
      useless: "It gains too little.",
    });
    expect({ onCard: holder.onCard, inRam: holder.inRam }).toEqual({ onCard: [], inRam: [] });
    expect(pairs).toEqual([{ model: join(modelsFolder, "model.gguf"), draft: draftPath, isOnCard: true, threads: 6 }]);
    expect((await holder.hold(settingsWith({ SPECULATION: "on" }))).config).toEqual({
      modelPath: draftPath,
      gpuLayers: 9,
    });
    expect(holder.useless).toBeNull();
  });

  it.each([
    ["without speculation", { SPECULATION: "off" }],
    ["where none is named", { DRAFT_MODEL: "" }],
    ["where no smaller one is in the library", { DRAFT_MODEL: "auto" }],
  ] as const)("is none %s", async (_, change) => {
    const { holder, settingsWith } = holderOn(card);
    await holder.hold(settingsWith({}));
    expect((await holder.hold(settingsWith(change))).config).toBeUndefined();
    expect({ onCard: holder.onCard, inRam: holder.inRam }).toEqual({ onCard: [], inRam: [] });
  });

  it("is refused by name with another vocabulary", async () => {
    const { holder, settingsWith } = holderOn(card);
    await expect(holder.hold(settingsWith({ DRAFT_MODEL: "other.gguf" }))).rejects.toThrow(
      /other\.gguf has another vocabulary than model\.gguf .* set DRAFT_MODEL to a smaller model of the same family/,
    );
    expect(holder.onCard).toEqual([]);
  });

  it("is left out, and named, where it is gone or is no model", async () => {
    const { holder, settingsWith } = holderOn(card);
    writeFileSync(join(modelsFolder, "broken.gguf"), shapeFile(modelShape("small-llama-2")).header.subarray(0, 100));
    for (const name of ["gone.gguf", "broken.gguf"]) {
      const { config, problem } = await holder.hold(settingsWith({ DRAFT_MODEL: name }));
      expect(config).toBeUndefined();
      expect(problem).toMatch(name);
      expect(problem).toMatch(/Answers are written without it/);
    }
  });
});
