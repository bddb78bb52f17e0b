import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Comparison, ComparisonEvent, ComparisonRequest } from "@/lib/schema/comparison";
import type { SystemMemory } from "@/lib/schema/plans/gpu-memory";
import { codeOf, listen, question } from "@/lib/server/testing/fake-engine/engine-fixtures";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { makeHome, makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";
import { GIB, MIB } from "@/lib/units/bytes";
import { ModelComparison } from "./model-comparison";

const OTHER = "other.gguf";

interface RigOptions {
  readonly script?: FakeScript;
  readonly memory?: SystemMemory;
}

function makeRig({ script = {}, memory = { totalBytes: 8 * GIB, availableBytes: 8 * GIB } }: RigOptions = {}) {
  const home = makeHome();
  copyFileSync(join(home, "models", SMALL_MODEL), join(home, "models", OTHER));
  const rig = makeHostRig({ home, script });
  const comparison = new ModelComparison({
    ...rig,
    systemMemory: () => memory,
    settings: { readFor: (model: string) => ({ ...rig.current.settings, MODEL: model, N_CTX: 512 }) },
  });
  let now: Comparison | null = null;
  const events: ComparisonEvent[] = [];
  /** Follows the comparison to its end, as a page does. */
  const follow = async (signal = new AbortController().signal) => {
    for await (const event of comparison.follow(signal)) {
      events.push(event);
      if (event.kind === "comparison") now = event.comparison;
    }
  };
  const ask = (change: Partial<ComparisonRequest> = {}) =>
    comparison.start({ models: [SMALL_MODEL, OTHER], prompt: "Say hello.", maxTokens: 16, ...change });
  const loadedModels = () => rig.loads().map(({ modelPath }) => modelPath.split("/").at(-1));
  const columns = (): Comparison["columns"] => now?.columns ?? [];
  return { ...rig, comparison, follow, ask, events, loadedModels, columns, now: () => now };
}

const until = async (rig: ReturnType<typeof makeRig>, isTrue: () => boolean) => {
  while (!isTrue()) await rig.done(Promise.resolve());
};
const kindsOf = (rig: ReturnType<typeof makeRig>) => rig.columns().map(({ state }) => state.kind);

it("asks each model after the other, and loads again what was loaded before", async () => {
  const rig = makeRig();
  await rig.done(rig.host.ensureLoaded());
  const before = rig.engine.snapshot().config;
  await rig.done(rig.ask());
  await rig.done(rig.follow());
  expect(rig.columns()).toMatchObject([
    { model: SMALL_MODEL, text: "Hello world", state: { kind: "answered", reason: "stop", loaded: { gpuLayers: 9 } } },
    { model: OTHER, text: "Hello world", state: { kind: "answered", stats: { generatedTokens: 2 } } },
  ]);
  expect(rig.loadedModels()).toEqual([SMALL_MODEL, SMALL_MODEL, OTHER, SMALL_MODEL]);
  expect(rig.now()).toMatchObject({ phase: "over", problem: null });
  expect(rig.engine.snapshot()).toMatchObject({ state: "loaded", config: before, notice: null });
});

it("plans each with its own settings, and tells the plan with the words of the answer", async () => {
  const rig = makeRig();
  await rig.done(rig.ask());
  const followed = rig.follow();
  await rig.done(rig.comparison.finished());
  await followed;
  expect(rig.columns()[0]?.plan).toMatchObject({ kind: "full", gpuLayers: 9, totalLayers: 9, contextTokens: 512 });
  // small-llama-2 was trained for 4,096 tokens, and all of them fit a card of 2 GiB.
  expect(rig.columns()[0]?.plan?.largestContextTokens).toBe(4096);
  const words = rig.events.flatMap(event => (event.kind === "words" && event.column === 1 ? [event.text] : []));
  expect(words.join("")).toBe("Hello world");
});

it("leaves an engine empty that was empty", async () => {
  const rig = makeRig();
  await rig.done(rig.ask());
  await rig.done(rig.comparison.finished());
  expect(rig.engine.snapshot()).toMatchObject({ config: null, notice: null });
});

it("goes on after models that are not there or no models", async () => {
  const rig = makeRig();
  writeFileSync(join(rig.home, "models", "text.gguf"), "not a model");
  await rig.done(rig.ask({ models: ["gone.gguf", "text.gguf", OTHER] }));
  await rig.done(rig.comparison.finished());
  await rig.done(rig.follow());
  expect(rig.columns()).toMatchObject([
    { state: { kind: "failed", problem: { code: "MODEL_NOT_FOUND", next: "Choose a model that is in the list." } } },
    { state: { kind: "failed", problem: { code: "NOT_GGUF" } } },
    { state: { kind: "answered" } },
  ]);
});

it("goes on after a model that cannot be loaded", async () => {
  const broken = { do: "fail", code: "CORRUPT_MODEL", message: "It is broken." } as const;
  const rig = makeRig({ script: { on: { load: [broken, { do: "answer" }] } } });
  await rig.done(rig.ask());
  await rig.done(rig.comparison.finished());
  await rig.done(rig.follow());
  expect(rig.columns()).toMatchObject([
    { state: { kind: "failed", problem: { code: "CORRUPT_MODEL", message: "It is broken." } } },
    { text: "Hello world", state: { kind: "answered" } },
  ]);
});

it("loads no model that system memory cannot hold", async () => {
  const rig = makeRig({ memory: { totalBytes: 8 * GIB, availableBytes: 1 * MIB } });
  await rig.done(rig.ask());
  await rig.done(rig.comparison.finished());
  await rig.done(rig.follow());
  expect(rig.columns()[0]).toMatchObject({
    plan: { gpuLayers: 9 },
    state: {
      kind: "failed",
      problem: { code: "OUT_OF_MEMORY", message: expect.stringMatching(/too much for system/) },
    },
  });
  expect(rig.loads()).toEqual([]);
});

it("says by how much the question is too long for one model's context, and asks the others", async () => {
  const tooLong = {
    do: "fail",
    code: "CONTEXT_EXCEEDED",
    message: "The conversation needs 900 tokens and the context holds 512.",
    promptTokens: 900,
    contextTokens: 512,
  } as const;
  const rig = makeRig({ script: { on: { generate: [tooLong, { do: "answer" }] } } });
  await rig.done(rig.ask());
  await rig.done(rig.comparison.finished());
  await rig.done(rig.follow());
  expect(rig.columns()).toMatchObject([
    {
      state: {
        kind: "failed",
        problem: { message: "The question takes 900 tokens and this model's context holds 512." },
      },
    },
    { state: { kind: "answered" } },
  ]);
});

it("survives an engine that crashes with every load of one model", async () => {
  const rig = makeRig({ script: { on: { load: [{ do: "crash", signal: "SIGKILL" }] }, onGeneration: { 5: {} } } });
  await rig.done(rig.ask());
  await rig.done(rig.comparison.finished());
  await rig.done(rig.follow());
  expect(kindsOf(rig)).toEqual(["failed", "answered"]);
});

it("keeps the words of a stopped answer, asks nobody else, and puts back what was loaded", async () => {
  const rig = makeRig({ script: { stepMs: 50, words: ["One ", "two ", "three ", "four"] } });
  await rig.done(rig.host.ensureLoaded());
  await rig.done(rig.ask());
  const followed = rig.follow();
  await until(rig, () => rig.events.some(({ kind }) => kind === "words"));
  rig.comparison.stop();
  await until(rig, () => rig.now()?.phase === "over");
  await followed;
  expect(rig.columns()).toMatchObject([
    { text: expect.stringMatching(/^One /), state: { kind: "answered", reason: "cancelled" } },
    { text: "", state: { kind: "stopped" } },
  ]);
  expect(rig.loadedModels()).toEqual([SMALL_MODEL, SMALL_MODEL, SMALL_MODEL]);
  expect(rig.engine.snapshot()).toMatchObject({ state: "loaded" });
});

it("goes on when the page that follows it has closed, and tells a page that opens later all of it", async () => {
  const rig = makeRig({ script: { stepMs: 50 } });
  const page = new AbortController();
  await rig.done(rig.ask());
  const left = rig.follow(page.signal).catch(codeOf);
  await until(rig, () => rig.events.some(({ kind }) => kind === "words"));
  page.abort();
  await rig.done(left);
  await rig.done(rig.comparison.finished());
  expect(rig.now()?.phase).toBe("asking");
  rig.events.splice(0);
  await rig.done(rig.follow());
  expect(rig.events).toMatchObject([
    { kind: "comparison", comparison: { phase: "over", columns: [{ text: "Hello world" }, { text: "Hello world" }] } },
  ]);
});

it("cuts no answer: it is refused while a chat is answered, and a chat waits for it", async () => {
  const rig = makeRig({ script: { stepMs: 50 } });
  await rig.done(rig.host.ensureLoaded());
  const first = listen(rig.host.generate(question));
  await until(rig, () => rig.engine.snapshot().state === "generating");
  await expect(rig.done(rig.ask())).rejects.toMatchObject({ code: "BUSY" });
  await until(rig, () => first.reason !== null);
  expect(first.text).toBe("Hello world");
  await rig.done(rig.ask());
  expect(rig.engine.snapshot().notice).toBe("Models are being compared: chats wait until it is done.");
  const second = listen(rig.host.generate(question));
  await rig.done(rig.comparison.finished());
  await until(rig, () => second.reason !== null);
  expect(rig.loadedModels().at(-1)).toBe(SMALL_MODEL);
});

it("waits for a load in progress", async () => {
  const rig = makeRig();
  const load = rig.host.ensureLoaded();
  await rig.done(rig.ask());
  await load;
  await rig.done(rig.comparison.finished());
  expect(rig.loadedModels()).toEqual([SMALL_MODEL, SMALL_MODEL, OTHER, SMALL_MODEL]);
});

it("can be stopped before it has the engine", async () => {
  const rig = makeRig({ script: { stepMs: 50 } });
  const load = rig.host.ensureLoaded();
  const asked = rig.ask().catch(codeOf);
  rig.comparison.stop();
  expect(await rig.done(asked)).toBe("CANCELLED");
  await rig.done(load);
  expect(rig.loadedModels()).toEqual([SMALL_MODEL]);
});

it("refuses a second one while one runs", async () => {
  const rig = makeRig();
  await rig.done(rig.ask());
  await expect(rig.done(rig.ask())).rejects.toMatchObject({
    code: "BUSY",
    message: "A comparison is running already: stop it, or wait for its end.",
  });
  await rig.done(rig.comparison.finished());
});

it.each([
  [{ models: [SMALL_MODEL] }, "One model is chosen, and a comparison needs 2: choose another."],
  [
    { models: [SMALL_MODEL, SMALL_MODEL] },
    `${SMALL_MODEL} is chosen twice: choose another model for one of the columns.`,
  ],
  [{ models: ["a", "b", "c", "d"] }, "4 models are chosen, and at most 3 are compared: leave one out."],
  [{ prompt: " \n" }, "There is no question yet: write what the models are to be asked."],
])("refuses %j with a sentence", async (change, message) => {
  const { ask, comparison, follow, now } = makeRig();
  await expect(ask(change)).rejects.toMatchObject({ code: "INVALID_INPUT", message });
  await follow();
  expect(now()).toBeNull();
  await comparison.finished();
});
