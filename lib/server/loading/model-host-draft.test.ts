import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { Settings } from "@/lib/schema/settings/settings";
import { makeHome, makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";

/** Beside the small model a draft model with its vocabulary, and a model with another one. */
function rigWith(settings: Partial<Settings>, options: Parameters<typeof makeHostRig>[0] = {}) {
  const home = makeHome();
  const path = (name: string) => join(home, "models", name);
  copyFileSync(path(SMALL_MODEL), path("draft.gguf"));
  const { header, fileBytes } = shapeFile(modelShape("llama-3.1-8b"));
  writeFileSync(path("other.gguf"), header);
  truncateSync(path("other.gguf"), fileBytes);
  return { ...makeHostRig({ ...options, home, settings }), draftPath: path("draft.gguf") };
}

test("loads the draft model of the settings with the model, and takes it out where speculation is off", async () => {
  const { host, done, patch, loads, draftPath } = rigWith({});
  await done(host.ensureLoaded());
  expect((await done(patch({ DRAFT_MODEL: "draft.gguf" }))).cost).toBe("context");
  expect((await done(patch({ SPECULATION: "on" }))).cost).toBe("nothing");
  expect((await done(patch({ SPECULATION: "off" }))).cost).toBe("context");
  expect(loads().map(({ draft }) => draft)).toEqual([undefined, { modelPath: draftPath, gpuLayers: 9 }, undefined]);
});

test("gives the model so many layers fewer as the draft model takes of the card", async () => {
  const { host, done, patch, gpu, loads } = rigWith({ TARGET_VRAM_USAGE: 1 });
  await done(host.ensureLoaded());
  const { held } = host.snapshot();
  const loadedBytes = held?.totalBytes ?? 0;
  if (gpu.memory === null) throw new Error("There is a card.");
  // The model fits exactly, without overhead: half as much is left beside a draft model that is the same file.
  gpu.memory = { ...gpu.memory, totalBytes: loadedBytes, freeBytes: 0, heldByEngineBytes: loadedBytes };
  await done(patch({ DRAFT_MODEL: "draft.gguf" }));
  const [alone, beside] = loads();
  expect(alone?.gpuLayers).toBe(9);
  expect(beside?.gpuLayers).toBeLessThan(9);
});

test("keeps the loaded model where the draft model has another vocabulary, and says so", async () => {
  const { host, engine, done, patch, loads } = rigWith({});
  await done(host.ensureLoaded());
  await expect(done(patch({ DRAFT_MODEL: "other.gguf" }))).rejects.toThrow(/another vocabulary than small\.gguf/);
  expect(loads()).toHaveLength(1);
  expect(engine.snapshot()).toMatchObject({ state: "loaded", error: { code: "INVALID_INPUT" } });
});

test("loads the model without a draft model that is gone, and says so", async () => {
  const { host, engine, done, loads } = rigWith({ DRAFT_MODEL: "gone.gguf" });
  await done(host.ensureLoaded());
  expect(loads().map(({ draft }) => draft)).toEqual([undefined]);
  expect(engine.snapshot().notice).toMatch(/gone\.gguf.*Answers are written without it/);
});

test("takes a draft model out again where it was measured to be of no use, and gives the model its room", async () => {
  let useless: string | null = null;
  const speculationOf = () => ({ isUsed: false, reason: "Off." });
  const options = { uselessBecause: () => useless, host: { speculationOf } };
  const { host, done, gpu, loads, patch } = rigWith({ TARGET_VRAM_USAGE: 1 }, options);
  await done(host.ensureLoaded());
  const loadedBytes = host.snapshot().held?.totalBytes ?? 0;
  if (gpu.memory === null) throw new Error("There is a card.");
  // Room for the model alone.
  gpu.memory = { ...gpu.memory, totalBytes: loadedBytes, freeBytes: 0, heldByEngineBytes: loadedBytes };
  await done(patch({ DRAFT_MODEL: "draft.gguf" }));
  await done(host.leaveOutUselessDraft());
  expect(loads()).toHaveLength(2);
  useless = "It gains too little.";
  await done(host.leaveOutUselessDraft());
  const [, beside, alone] = loads();
  expect(beside?.draft).toBeDefined();
  expect(beside?.gpuLayers).toBeLessThan(9);
  expect(alone).toMatchObject({ gpuLayers: 9 });
  expect(alone?.draft).toBeUndefined();
  expect(host.snapshot().speculation?.reason).toBe("Off. It gains too little.");
  await done(patch({ SPECULATION: "on" }));
  expect(loads().at(-1)?.draft).toBeDefined();
});
