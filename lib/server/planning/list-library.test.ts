import { expect, test } from "vitest";
import { makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";
import { listLibrary } from "./list-library";

test("a file of the library has the plan that loads it, and no dry run is made for the list", async () => {
  // 9 layers: at 2.5 % of 2 GiB only some of them fit.
  const { models, planner, gpu, machineSpeed, current, done, countOf } = makeHostRig({
    settings: { TARGET_VRAM_USAGE: 0.025 },
  });
  const settings = { readFor: () => current.settings };
  const list = () => done(listLibrary({ models, planner, gpu, settings, machineSpeed }));
  const [before] = await list();
  expect([before?.name, before?.plan?.isEstimate]).toEqual([SMALL_MODEL, true]);
  expect(countOf("fill-surface")).toBe(0);

  const { plan } = await done(planner.confirmedPlanFor(current.settings));
  expect(plan.kind).toBe("partial");
  const { gpuLayers, predicted, ram } = plan;
  // 16 guessed tokens, each with 32,000 logits of 4 bytes.
  const needBytes = ram.totalBytes + 2_048_000;
  const shown = {
    gpuLayers,
    gpuBytes: predicted.totalBytes,
    ramBytes: ram.totalBytes,
    ramNeed: { needBytes, lockedBytes: needBytes - ram.weightsBytes },
    isEstimate: false,
  };
  expect((await list())[0]?.plan).toMatchObject(shown);

  current.settings = { ...current.settings, LAYERS: 2 };
  expect((await list())[0]?.plan?.gpuLayers).toBe(2);
});

test("without time to plan, a model is listed as unread until it was planned once", async () => {
  const { models, planner, gpu, machineSpeed, current, done } = makeHostRig();
  const settings = { readFor: () => current.settings };
  const list = (withinMs?: number) => done(listLibrary({ models, planner, gpu, settings, machineSpeed }, withinMs));
  await done(models.listModels());
  expect(await list(-1)).toMatchObject([{ name: SMALL_MODEL, profile: null, problem: null, plan: null }]);
  await list();
  expect(await list(-1)).toMatchObject([{ profile: { architecture: "llama" }, plan: { kind: "full" } }]);
});
