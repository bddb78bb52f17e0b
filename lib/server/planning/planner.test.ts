import { truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ofEachElementType } from "@/lib/schema/plans/kv-type";
import { card, makeHome, makeHostRig, reportOf, SMALL_MODEL, smallTruth, truthOf } from "@/lib/server/testing/host-rig";
import { GIB, MIB } from "@/lib/units/bytes";

test("plans at once from the header, and again from dry runs when they are there", async () => {
  const { planner, current, done, countOf } = makeHostRig();
  let changes = 0;
  planner.subscribe(() => {
    changes += 1;
  });
  const first = await done(planner.planFor(current.settings));
  expect(first.surface.computeSource).toBe("estimated");
  const exact = await done(planner.exactPlanFor(current.settings));
  const { confirmed, ...surface } = exact.surface;
  expect(surface).toEqual({ ...smallTruth(), computeSource: "dry-run", detail: "fine" });
  expect(confirmed?.map(({ gpuLayers }) => gpuLayers)).toEqual([exact.plan.gpuLayers]);
  // Once when it was filled, once when it was confirmed.
  expect([changes, countOf("fill-surface")]).toEqual([2, 1]);
});

test("keeps a surface on disk for the same file, engine, device and settings, and for no other", async () => {
  const home = makeHome();
  const first = makeHostRig({ home });
  await first.done(first.planner.exactPlanFor(first.current.settings));

  const again = makeHostRig({ home });
  const known = await again.done(again.planner.planFor(again.current.settings));
  expect([known.surface.computeSource, again.countOf("fill-surface")]).toEqual(["dry-run", 0]);
  const otherBatch = await again.done(again.planner.planFor({ ...again.current.settings, N_BATCH: 256 }));
  expect(otherBatch.surface.computeSource).toBe("estimated");
  again.gpu.memory = { ...card, name: "Another GPU" };
  const otherDevice = await again.done(again.planner.planFor(again.current.settings));
  expect(otherDevice.surface.computeSource).toBe("estimated");

  truncateSync(join(home, "models", SMALL_MODEL), 200 * MIB);
  const changed = makeHostRig({ home });
  const otherFile = await changed.done(changed.planner.planFor(changed.current.settings));
  expect(otherFile.surface.computeSource).toBe("estimated");
});

test("confirms what a page shows at rest once, and remembers it on disk", async () => {
  const home = makeHome();
  const settings = { TARGET_VRAM_USAGE: 0.025 };
  const { planner, current, gpu, done, countOf } = makeHostRig({ home, settings });
  let changes = 0;
  await done(planner.exactPlanFor(current.settings));
  planner.subscribe(() => {
    changes += 1;
  });
  const before = countOf("dry-run");
  const shown = { ...current.settings, N_CTX: 3000 };
  const { plan } = await done(planner.exactPlanFor(shown, gpu.memory));
  await done(planner.exactPlanFor(shown, gpu.memory));
  expect([countOf("dry-run") - before, changes]).toEqual([2, 1]);
  const again = makeHostRig({ home, settings });
  const { surface } = await again.done(again.planner.planFor(again.current.settings));
  // 3,000 tokens are padded to 3,072.
  const kept = surface.confirmed?.filter(point => point.contextTokens === 3072).map(point => point.gpuLayers);
  expect(kept).toEqual([plan.gpuLayers, plan.gpuLayers + 1]);
  await again.done(again.planner.exactPlanFor({ ...again.current.settings, N_CTX: 3000 }));
  expect(again.countOf("dry-run")).toBe(0);
});

test("asks nothing more for a page that has left", async () => {
  const { planner, current, done, countOf } = makeHostRig();
  const { plan } = await done(planner.exactPlanFor(current.settings, undefined, AbortSignal.abort()));
  expect([plan.kind, countOf("dry-run")]).toEqual(["full", 0]);
});

test("an exact plan has its layers and one more confirmed, and asks nothing when it is made again", async () => {
  const { planner, current, done, countOf } = makeHostRig({ settings: { TARGET_VRAM_USAGE: 0.025 } });
  const { plan, surface } = await done(planner.exactPlanFor(current.settings));
  const confirmed = surface.confirmed?.map(point => point.gpuLayers) ?? [];
  expect(confirmed).toContain(plan.gpuLayers);
  expect(confirmed).toContain(plan.gpuLayers + 1);
  const asked = countOf("dry-run");
  await done(planner.exactPlanFor(current.settings));
  expect(countOf("dry-run")).toBe(asked);
});

test("stays with the estimate where a dry run fails", async () => {
  const { planner, current, done } = makeHostRig({
    script: { on: { "dry-run": [{ do: "crash", signal: "SIGABRT" }] } },
  });
  const { surface, plan } = await done(planner.exactPlanFor(current.settings));
  expect([surface.computeSource, surface.confirmed, plan.kind]).toEqual(["dry-run", undefined, "full"]);
});

test("plans for a card that is not here, or for none, without touching the engine's", async () => {
  const { planner, current, gpu, done } = makeHostRig();
  gpu.memory = null;
  const assumed = { ...card, name: "RTX", source: "assumed" as const };
  expect(await done(planner.planFor(current.settings, assumed))).toMatchObject({
    gpu: assumed,
    plan: { kind: "full" },
  });
  expect(await done(planner.planFor(current.settings))).toMatchObject({ gpu: null, plan: { kind: "cpu-only" } });
});

test("confirms the plan to load by a dry run of exactly its configuration, and the next layer as long as it might fit", async () => {
  const { planner, processes, current, done } = makeHostRig({ settings: { TARGET_VRAM_USAGE: 0.025 } });
  const { plan, config } = await done(planner.confirmedPlanFor(current.settings));
  expect(plan).toMatchObject({ kind: "partial", computeSource: "dry-run" });
  const dryRuns = processes[0]?.engine.received.filter(command => command.type === "dry-run");
  // First the plan's own number of layers. One more layer misses by less than the surface may be wrong, so it is asked about as well.
  expect(dryRuns?.map(command => command.config)).toEqual([config, { ...config, gpuLayers: config.gpuLayers + 1 }]);
});

test("mends a surface that the dry run does not confirm, says so, and plans again within the budget", async () => {
  const home = makeHome();
  // An engine that reports 20 MiB of compute when the surface is filled, and takes 40 when asked again.
  const settings = { TARGET_VRAM_USAGE: 0.03 };
  const optimistic = makeHostRig({ home, settings });
  const expected = await optimistic.done(optimistic.planner.confirmedPlanFor(optimistic.current.settings));
  const point = [{ gpuLayers: 0, points: [{ contextTokens: 256, gpuBytes: 40 * MIB, ramBytes: 20 * MIB }] }];
  const truth = { ...smallTruth(), compute: ofEachElementType(() => point) };
  const { planner, current, log, done } = makeHostRig({ home, settings, script: { truth } });
  const { plan, surface } = await done(planner.confirmedPlanFor(current.settings));
  // 61.4 MiB of budget: 59.6 for 8 layers with 20 MiB of compute, 60.5 for 3 with 40.
  expect([expected.plan.gpuLayers, plan.gpuLayers]).toEqual([8, 3]);
  expect(plan.predicted.computeBytes).toBe(40 * MIB);
  expect(plan.predicted.totalBytes).toBeLessThanOrEqual(plan.budgetBytes);
  expect(surface.computeSource).toBe("dry-run");
  expect(log.some(line => line.startsWith("info: memory surface was 20.00 MiB off"))).toBe(true);
});

test("notices memory that another program takes between the plan and the load", async () => {
  const { planner, current, gpu, done } = makeHostRig();
  let reads = 0;
  gpu.read = async () => {
    reads += 1;
    const takenBytes = reads < 3 ? 0 : 1998 * MIB;
    return reportOf({ ...card, usedByOthersBytes: takenBytes, freeBytes: card.totalBytes - takenBytes });
  };
  const { plan, report } = await done(planner.confirmedPlanFor({ ...current.settings, TARGET_VRAM_USAGE: 1 }));
  expect(report.memory?.usedByOthersBytes).toBe(1998 * MIB);
  // 50 MiB are left: 48.1 for 5 layers, 52.0 for 6.
  expect(plan.gpuLayers).toBe(5);
  expect(plan.predicted.totalBytes).toBeLessThanOrEqual(50 * MIB);
});

test("does not fill again a surface that crashed the engine, and stays with the estimate", async () => {
  const { planner, current, done, countOf } = makeHostRig({
    script: { on: { "fill-surface": [{ do: "crash", signal: "SIGABRT" }] } },
  });
  const first = await done(planner.exactPlanFor(current.settings));
  const second = await done(planner.exactPlanFor(current.settings));
  expect([first, second].map(({ surface }) => surface.computeSource)).toEqual(["estimated", "estimated"]);
  expect(countOf("fill-surface")).toBe(1);
});

test("G14 what ended the engine is remembered on disk and never asked again; the plan is an estimate", async () => {
  const home = makeHome();
  const crash = { on: { "fill-surface": [{ do: "crash", signal: "SIGABRT" }] } } as const;
  const first = makeHostRig({ home, script: crash });
  const { surface } = await first.done(first.planner.exactPlanFor(first.current.settings));
  expect([surface.computeSource, first.countOf("fill-surface")]).toEqual(["estimated", 1]);
  const again = makeHostRig({ home, script: crash });
  await again.done(again.planner.exactPlanFor(again.current.settings));
  // A load also skips the dry run: another dry run of this file could end the engine again.
  const { plan } = await again.done(again.planner.confirmedPlanFor(again.current.settings));
  expect([again.countOf("fill-surface"), again.countOf("dry-run"), plan.computeSource]).toEqual([0, 0, "estimated"]);
});

test("G14 a load goes on where its own dry run ends the engine, and does not ask again", async () => {
  const { planner, current, done, countOf } = makeHostRig({
    script: { on: { "dry-run": [{ do: "crash", signal: "SIGABRT" }] } },
  });
  const { plan, config } = await done(planner.confirmedPlanFor(current.settings));
  expect([config.gpuLayers, plan.computeSource]).toEqual([9, "estimated"]);
  await done(planner.confirmedPlanFor(current.settings));
  expect(countOf("dry-run")).toBe(1);
});

test("G14 a placement whose dry run ends the engine is survived and never asked about again, also after a restart", async () => {
  const home = makeHome();
  // Two cards of 34 MiB: one does not hold the model, both do.
  const each = { name: card.name, totalBytes: 34 * MIB, freeBytes: 34 * MIB, heldByEngineBytes: 0, overheadBytes: 0 };
  const cards = [0, 1].map(position => ({ ...each, position }));
  const memory = {
    ...card,
    totalBytes: 68 * MIB,
    freeBytes: 68 * MIB,
    usedByOthersBytes: 0,
    placesExperts: true,
    cards,
  };
  const settings = { TARGET_VRAM_USAGE: 1 };
  const crash = { on: { "dry-run": [{ do: "crash", signal: "SIGABRT" }] } } as const;
  const first = makeHostRig({ home, settings, script: crash });
  first.gpu.memory = memory;
  const { config, plan } = await first.done(first.planner.confirmedPlanFor(first.current.settings));
  expect(config.tensorSplit?.filter(layers => layers > 0)).toHaveLength(2);
  expect(plan.computeSource).toBe("estimated");
  const again = makeHostRig({ home, settings });
  again.gpu.memory = memory;
  const later = await again.done(again.planner.confirmedPlanFor(again.current.settings));
  expect(later.config.tensorSplit).toEqual(config.tensorSplit);
  const asked = again.processes.flatMap(({ engine }) =>
    engine.received.flatMap(command => (command.type === "dry-run" ? [command.config.tensorSplit?.join()] : [])),
  );
  expect(asked).not.toContain(config.tensorSplit?.join());
});

test("experts that only another program can place are planned from the header, and asked about once", async () => {
  const message = "There is no placement addon for this computer.";
  const script = {
    truth: truthOf("qwen3-30b-a3b"),
    on: { "dry-run": [{ do: "fail", code: "PLACEMENT_UNAVAILABLE", message }] },
  } as const;
  // Enough for all layers without most of their experts, which have 15,552 of 16,330 MiB.
  const settings = { TARGET_VRAM_USAGE: 1 };
  const freeBytes = 3000 * MIB;
  const planned = async (programPlaces: boolean) => {
    const home = makeHome("qwen3-30b-a3b");
    const rig = makeHostRig({
      home,
      settings,
      script,
      loadableRamBytes: 64 * GIB,
      programPlaces: () => programPlaces,
    });
    rig.gpu.memory = { ...card, totalBytes: freeBytes, freeBytes, placesExperts: true };
    const { config, plan } = await rig.done(rig.planner.confirmedPlanFor(rig.current.settings));
    return { config, plan, asked: rig.countOf("dry-run") };
  };
  const { config, plan, asked } = await planned(true);
  expect(config.expertBlocksInRam).toBeGreaterThan(0);
  expect([plan.computeSource, asked]).toEqual(["estimated", 1]);
  // Our own engine cannot load that.
  expect((await planned(false)).config.expertBlocksInRam).toBeUndefined();
});

test("G14 a page's dry run that ends its engine leaves the loaded model alone", async () => {
  const { host, planner, engine, current, done, spareProcesses, processes } = makeHostRig({
    spareScript: { on: { "dry-run": [{ do: "crash", signal: "SIGABRT" }] } },
  });
  await done(host.ensureLoaded());
  const loaded = engine.snapshot();
  await done(planner.exactPlanFor({ ...current.settings, N_CTX: 5000 }));
  expect(engine.snapshot()).toEqual(loaded);
  expect(loaded.state).toBe("loaded");
  expect([processes.length, spareProcesses.length]).toEqual([1, 1]);
});

test("the child for dry runs ends when nobody asks any more, and before a load is planned", async () => {
  const { host, planner, current, done, timers, spareProcesses } = makeHostRig();
  await done(host.ensureLoaded());
  await done(planner.exactPlanFor({ ...current.settings, N_CTX: 5000 }));
  expect(spareProcesses.map(({ exited }) => exited)).toEqual([false]);
  await timers.advance(12_000);
  expect(spareProcesses.map(({ exited }) => exited)).toEqual([true]);
  await done(planner.exactPlanFor({ ...current.settings, N_CTX: 6000 }));
  await done(planner.confirmedPlanFor(current.settings));
  expect(spareProcesses.map(({ exited }) => exited)).toEqual([true, true]);
});

test("a page that begins to change its plan has the child for dry runs started, and asks it what it then shows", async () => {
  const { host, planner, current, done, gpu, timers, spareProcesses } = makeHostRig();
  await done(host.ensureLoaded());
  await done(planner.prepareDryRuns(current.settings, gpu.memory));
  expect(spareProcesses.map(({ exited }) => exited)).toEqual([false]);
  await done(planner.exactPlanFor({ ...current.settings, N_CTX: 5000 }));
  await timers.advance(12_000);
  // Also where the plan at the beginning was confirmed long ago.
  await done(planner.prepareDryRuns(current.settings, gpu.memory));
  await done(planner.prepareDryRuns({ ...current.settings, LAYERS: 0 }, gpu.memory));
  expect(spareProcesses.map(({ exited }) => exited)).toEqual([true, false]);
});

test("G13 a file that llama.cpp refuses is refused in its words, also when it is asked about again", async () => {
  const message = "llama.cpp refuses this file: unknown pre-tokenizer type: 'x'";
  const { planner, current, done, countOf } = makeHostRig({
    script: { on: { "fill-surface": [{ do: "fail", code: "CORRUPT_MODEL", message }] } },
  });
  await expect(done(planner.exactPlanFor(current.settings))).rejects.toMatchObject({ code: "CORRUPT_MODEL", message });
  await expect(done(planner.planFor(current.settings))).rejects.toMatchObject({ code: "CORRUPT_MODEL", message });
  expect(countOf("fill-surface")).toBe(1);
});

test("refuses a model that is none before the engine hears of it", async () => {
  const { planner, current, processes, done } = makeHostRig();
  const missing = planner.planFor({ ...current.settings, MODEL: "missing.gguf" });
  await expect(done(missing)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  expect(processes).toEqual([]);
});
