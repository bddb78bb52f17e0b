import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeOf, listen, question, sampling, watch } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { makeHome, makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";

const ALL_LAYERS = 9;

test("loads what was planned and confirmed, says what it holds, and leaves a receipt that adds up", async () => {
  const { host, engine, receipts, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  await done(host.ensureLoaded());
  expect(loads()).toHaveLength(1);
  expect(loads()[0]).toMatchObject({ gpuLayers: ALL_LAYERS, contextTokens: 1024, threads: 2 });
  const [receipt] = receipts.list();
  expect(receipt).toMatchObject({ modelName: SMALL_MODEL, requestedGpuLayers: ALL_LAYERS, lowered: null });
  expect(receipt?.actual).toEqual(receipt?.predicted);
  // 8 blocks of 8 heads of 64, K and V, 1024 cells of 2 bytes; the compute buffer is the scripted 20 MiB.
  expect(receipt?.actual).toMatchObject({ kvBytes: 8 * 2 * 512 * 1024 * 2, computeBytes: 20 * 1024 * 1024 });
  expect(engine.snapshot()).toMatchObject({
    state: "loaded",
    modelName: SMALL_MODEL,
    totalLayers: ALL_LAYERS,
    held: receipt?.actual,
    error: null,
    notice: null,
  });
});

test("takes fewer layers by what was missing when memory runs out, tells it, and never tries the same twice", async () => {
  const script = { on: { load: [{ do: "out-of-memory", fitsLayers: 5, bytesPerLayer: 1000 }] } } as const;
  const { host, engine, receipts, done, loads } = makeHostRig({ script });
  await done(host.ensureLoaded());
  const tried = loads().map(config => config.gpuLayers);
  expect(tried[0]).toBe(ALL_LAYERS);
  expect(tried.at(-1)).toBe(5);
  expect(new Set(tried).size).toBe(tried.length);
  expect(engine.snapshot().notice).toMatch(/ran out of memory.*5 GPU layers instead of 9/);
  expect(receipts.list()[0]).toMatchObject({ requestedGpuLayers: ALL_LAYERS, config: { gpuLayers: 5 } });
  expect(receipts.list()[0]?.lowered).toMatch(/5 GPU layers instead of 9/);
});

test("does not take layers off the GPU when it is system memory that is short", async () => {
  const script = { on: { load: [{ do: "fail", code: "OUT_OF_MEMORY", message: "No system memory." }] } } as const;
  const { host, engine, done, loads } = makeHostRig({ script, availableRamBytes: 1000 });
  expect(await done(host.ensureLoaded().catch(codeOf))).toBe("OUT_OF_MEMORY");
  expect(loads()).toHaveLength(1);
  expect(engine.snapshot()).toMatchObject({ state: "ready", error: { message: "No system memory." } });
});

test("starts no load that system memory does not hold, unless it is meant; then it stays meant", async () => {
  const { host, engine, memoryGuard, current, done, loads } = makeHostRig({ loadableRamBytes: 1024 ** 2 });
  const refused = await done(host.ensureLoaded().catch(error => error));
  expect(refused).toMatchObject({
    code: "OUT_OF_MEMORY",
    next: expect.stringContaining("/api/engine/load?meant=true"),
  });
  expect(refused.message).toMatch(/MiB too much for system memory: .* is needed and 0\.00 GiB is available\. /);
  expect(loads()).toEqual([]);
  expect(engine.snapshot().error).toMatchObject({ code: "OUT_OF_MEMORY", message: refused.message });

  memoryGuard.mean(current.settings);
  await done(host.reload());
  expect(loads()).toHaveLength(1);
  await done(host.unload());
  await done(host.ensureLoaded());
  expect(loads()).toHaveLength(2);
});

test("keeps the model that answers when system memory does not hold the next one", async () => {
  const { host, engine, patch, done, loads } = makeHostRig({ loadableRamBytes: 300 * 1024 ** 2 });
  await done(host.ensureLoaded());
  // 8 blocks of 8 heads of 64, K and V, 1,000,192 cells of 2 bytes: 15 GiB, of which at most 2 fit on the card.
  await done(patch({ N_CTX: 1_000_000 }));
  expect(loads()).toHaveLength(1);
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: { contextTokens: 1024 } });
  expect(engine.snapshot().error?.message).toMatch(/too much for system memory/);
});

test("runs on the CPU alone, in a child without the GPU, when not one layer fits", async () => {
  const script = { on: { load: [{ do: "out-of-memory", fitsLayers: 0, bytesPerLayer: 1 }] } } as const;
  const { host, engine, processes, done } = makeHostRig({ script });
  await done(host.ensureLoaded());
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: { gpuLayers: 0 } });
  expect(processes.at(-1)?.env.HEADROOM_ENGINE_GPU).toBe("off");
});

test("goes from the CPU back to the GPU when a later plan has layers", async () => {
  const { host, processes, patch, done } = makeHostRig({ settings: { TARGET_VRAM_USAGE: 0 } });
  await done(host.ensureLoaded());
  await done(patch({ TARGET_VRAM_USAGE: 0.8 }));
  expect(processes.map(({ env }) => env.HEADROOM_ENGINE_GPU)).toEqual(["auto", "off", "auto"]);
});

test("pays no more than a change costs", async () => {
  const { host, patch, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  expect(await done(patch({ TEMPERATURE: 0.1 }))).toMatchObject({ cost: "nothing" });
  // All layers fit either way, so the lower target moves none.
  expect(await done(patch({ TARGET_VRAM_USAGE: 0.7 }))).toMatchObject({ cost: "nothing" });
  expect(loads()).toHaveLength(1);
  expect(await done(patch({ N_CTX: 2048 }))).toMatchObject({ cost: "context" });
  expect(await done(patch({ LAYERS: 4 }))).toMatchObject({ cost: "model", plan: { gpuLayers: 4 } });
  expect(loads().map(({ gpuLayers, contextTokens }) => [gpuLayers, contextTokens])).toEqual([
    [9, 1024],
    [9, 2048],
    [4, 2048],
  ]);
});

test("loads the last of twenty changes in a second, and answers who waited meanwhile", async () => {
  const { host, engine, processes, patch, done } = makeHostRig({ script: { stepMs: 50 } });
  const answer = listen(host.generate(question));
  const patches = Array.from({ length: 20 }, (_, index) => watch(patch({ N_CTX: 1024 + 256 * index })));
  await done(host.ensureLoaded());
  while (answer.reason === null && answer.code === null) await done(Promise.resolve());
  while (patches.some(({ state }) => state === "pending")) await done(Promise.resolve());
  expect(answer).toMatchObject({ text: "Hello world", reason: "stop" });
  expect(engine.snapshot().config?.contextTokens).toBe(1024 + 256 * 19);
  expect(patches.filter(({ state }) => state !== "CANCELLED" && state !== "done")).toEqual([]);
  expect(processes.flatMap(child => child.engine.breaches)).toEqual([]);
});

test("gives up waiting when the request is aborted, while the load goes on", async () => {
  const { host, engine, done } = makeHostRig({ script: { on: { load: [{ do: "answer", afterMs: 5000 }] } } });
  const controller = new AbortController();
  const waiting = host.ensureLoaded(controller.signal).catch(codeOf);
  while (engine.snapshot().state !== "loading") await done(Promise.resolve());
  controller.abort();
  expect(await done(waiting)).toBe("CANCELLED");
  await done(host.ensureLoaded());
  expect(engine.snapshot().state).toBe("loaded");
});

test("loads the model again by itself when the idle engine was killed", async () => {
  const { host, engine, processes, timers, done } = makeHostRig();
  await done(host.ensureLoaded());
  processes[0]?.exit(null, "SIGKILL");
  await timers.advance(1);
  expect(engine.snapshot()).toMatchObject({ state: "starting", config: null });
  while (engine.snapshot().state !== "loaded") await timers.advance(20);
  expect(engine.snapshot()).toMatchObject({ generation: 2, modelName: SMALL_MODEL });
});

test("tries a load that crashes three times, then fails with a reason; another choice still works", async () => {
  const script = { on: { load: [{ do: "crash", signal: "SIGABRT" }] }, onGeneration: { 4: {} } } as const;
  const { host, engine, patch, done, loads } = makeHostRig({ script });
  expect(await done(host.ensureLoaded().catch(codeOf))).toBe("ENGINE_FAILED");
  expect(loads()).toHaveLength(3);
  expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_FAILED" } });
  expect(engine.snapshot().error?.message).toContain("SIGABRT");
  await done(patch({ N_CTX: 2048 }));
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: { contextTokens: 2048 }, error: null });
});

test("keeps the loaded model when another cannot be used, and says why", async () => {
  const { home, host, engine, patch, done, loads } = makeHostRig();
  writeFileSync(join(home, "models", "page.gguf"), "<html>");
  await done(host.ensureLoaded());
  expect(await done(patch({ MODEL: "page.gguf" }).catch(codeOf))).toBe("NOT_GGUF");
  expect(engine.snapshot()).toMatchObject({ state: "loaded", modelName: SMALL_MODEL, error: { code: "NOT_GGUF" } });
  expect(await done(patch({ MODEL: "missing.gguf" }).catch(codeOf))).toBe("MODEL_NOT_FOUND");
  const answer = listen(host.generate(question));
  while (answer.reason === null && answer.code === null) await done(Promise.resolve());
  expect([answer.reason, loads().length]).toEqual(["stop", 1]);
});

test("goes back to the settings that loaded last when others do not, also after a new start", async () => {
  const home = makeHome();
  const before = makeHostRig({ home });
  await before.done(before.host.ensureLoaded());
  const refusal = { do: "fail", code: "ENGINE_FAILED", message: "Failed to create context." } as const;
  const script = { on: { load: [refusal, { do: "answer" }] } } as const;
  const after = makeHostRig({ home, script, settings: { N_CTX: 4096 } });
  await after.done(after.host.ensureLoaded());
  expect(after.loads().map(config => config.contextTokens)).toEqual([4096, 1024]);
  expect(after.engine.snapshot()).toMatchObject({
    state: "loaded",
    config: { contextTokens: 1024 },
    error: { message: "Failed to create context." },
  });
  expect(after.engine.snapshot().notice).toContain("worked last");
  // A failed load is not tried again automatically.
  await after.done(after.host.ensureLoaded());
  await after.done(after.patch({ TEMPERATURE: 1 }));
  expect(after.loads()).toHaveLength(2);
});

test("stays unloaded until someone asks for an answer", async () => {
  const { host, engine, patch, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  await done(host.unload());
  await done(patch({ N_CTX: 2048 }));
  expect([engine.snapshot().state, loads().length]).toEqual(["stopped", 1]);
  const answer = listen(host.generate(question));
  while (answer.reason === null && answer.code === null) await done(Promise.resolve());
  expect([answer.reason, engine.snapshot().config?.contextTokens]).toEqual(["stop", 2048]);
});

test("makes room for another model, says what for, and comes back with the next answer", async () => {
  const rooms: number[] = [];
  const { host, engine, done, loads } = makeHostRig({ makeRoom: async () => void rooms.push(loads().length) });
  await done(host.unloadOwn("Unloaded for embed.gguf."));
  expect(engine.snapshot().notice).toBeNull();
  await done(host.ensureLoaded());
  await done(host.unloadOwn("Unloaded for embed.gguf."));
  expect(engine.snapshot()).toMatchObject({ config: null, notice: "Unloaded for embed.gguf." });
  await done(host.ensureLoaded());
  expect(engine.snapshot()).toMatchObject({ state: "loaded", notice: null });
  // The room is made before each load.
  expect(rooms).toEqual([0, 1]);
});

test("reloads in a new child, also while an answer runs, and without loading twice", async () => {
  const { host, engine, processes, done, loads } = makeHostRig({ script: { words: ["a", "b", "c"], stepMs: 100 } });
  await done(host.ensureLoaded());
  const answer = listen(host.generate(question));
  while (answer.text === "") await done(Promise.resolve());
  await done(host.reload());
  expect(answer.code).toBe("BUSY");
  expect(engine.snapshot()).toMatchObject({ state: "loaded", generation: 2 });
  expect([processes[0]?.exited, loads().length]).toEqual([true, 2]);
});

test.each([
  ["a crash", "ENGINE_CRASHED"],
  ["a reload", "BUSY"],
])("answers those that waited although %s cut the answer before them", async (how, code) => {
  const { host, engine, processes, done } = makeHostRig({ script: { words: ["a", "b", "c"], stepMs: 100 } });
  await done(host.ensureLoaded());
  const first = listen(host.generate(question));
  const second = listen(host.generate(question));
  const third = listen(host.complete({ prompt: "x", sampling }));
  while (first.text === "") await done(Promise.resolve());
  if (how === "a crash") processes[0]?.exit(null, "SIGKILL");
  else await done(host.reload());
  while (third.reason === null && third.code === null) await done(Promise.resolve());
  expect([first.code, second.text, second.reason, third.text, third.reason]).toEqual([
    code,
    "abc",
    "stop",
    "abc",
    "stop",
  ]);
  expect(engine.snapshot()).toMatchObject({ state: "loaded", generation: 2 });
});

test("leaves nobody waiting when the model is unloaded", async () => {
  const { host, done } = makeHostRig({ script: { words: ["a", "b", "c"], stepMs: 100 } });
  await done(host.ensureLoaded());
  const answers = [listen(host.generate(question)), listen(host.generate(question))];
  while (answers[0]?.text === "") await done(Promise.resolve());
  await done(host.unload());
  expect(answers.map(({ code }) => code)).toEqual(["BUSY", "BUSY"]);
});
