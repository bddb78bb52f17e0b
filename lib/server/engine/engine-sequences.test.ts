import fc from "fast-check";
import { expect, test } from "vitest";
import type { EngineState } from "@/lib/schema/live-events";
import {
  type HeardAnswer,
  listen,
  loadConfig,
  question,
  watch,
} from "@/lib/server/testing/fake-engine/engine-fixtures";
import { type FakeEngineProcess, fakeFork } from "@/lib/server/testing/fake-engine/fake-engine-process";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { EngineSupervisor } from "./engine-supervisor";

/** The few rules that any supervisor must follow: what was asked for, and which load must win. */
interface Model {
  /** Context size of the load that must be in memory once all is quiet. null: none. "any": a crash or a race decides. */
  expectedContext: number | null | "any";
}

class Rig {
  readonly timers = new ManualTimers();
  readonly processes: FakeEngineProcess[];
  readonly engine: EngineSupervisor;
  readonly promises: { state: string }[] = [];
  readonly answers: HeardAnswer[] = [];
  readonly controllers: AbortController[] = [];
  loads = 0;

  constructor() {
    const { fork, processes } = fakeFork({ backend: "vulkan", words: ["a", "b", "c"], stepMs: 7 }, this.timers);
    this.processes = processes;
    this.engine = new EngineSupervisor({
      entryPath: "engine.mjs",
      gpu: "auto",
      env: {},
      onLog: () => {},
      fork,
      timers: this.timers,
    });
  }

  get living(): FakeEngineProcess[] {
    return this.processes.filter(child => !child.exited);
  }

  check(): void {
    expect(this.processes.flatMap(child => child.engine.breaches)).toEqual([]);
    expect(this.living.length).toBeLessThanOrEqual(1);
    expect(this.processes.filter(child => child.engine.loaded !== null).length).toBeLessThanOrEqual(1);
    const { state, config } = this.engine.snapshot();
    const mayHold: EngineState[] = ["loaded", "generating", "stopping"];
    if (config !== null) expect(mayHold).toContain(state);
    if (state === "failed") expect(this.living).toEqual([]);
  }
}

type Command = fc.AsyncCommand<Model, Rig>;

const command = (name: string, run: (model: Model, rig: Rig) => void | Promise<void>): Command => ({
  check: () => true,
  run: async (model, rig) => {
    await run(model, rig);
    rig.check();
  },
  toString: () => name,
});

const load = (gpuLayers: number): Command =>
  command(`load(${gpuLayers} layers)`, (model, rig) => {
    rig.loads += 1;
    const contextTokens = 1000 + rig.loads;
    const failed = rig.engine.snapshot().state === "failed";
    rig.promises.push(watch(rig.engine.load(loadConfig({ contextTokens, gpuLayers, sequences: 1 + (rig.loads % 3) }))));
    model.expectedContext = failed ? "any" : contextTokens;
  });

const cancelledLoad = command("load, then cancel it", (model, rig) => {
  rig.loads += 1;
  const controller = new AbortController();
  const config = loadConfig({ contextTokens: 1000 + rig.loads });
  rig.promises.push(watch(rig.engine.load(config, { signal: controller.signal })));
  controller.abort();
  model.expectedContext = "any";
});

const generate = command("generate", (_model, rig) => {
  const controller = new AbortController();
  rig.controllers.push(controller);
  rig.answers.push(listen(rig.engine.generate(question, controller.signal)));
});

const stopAnAnswer = command("stop an answer", (_model, rig) => rig.controllers.pop()?.abort());

const askAside = command("count and vram", (_model, rig) => {
  rig.promises.push(watch(rig.engine.vram()), watch(rig.engine.count(question.turns)));
});

/** Until the dead child's exit is reported, a load would go to that child and fail with it. */
const crash = command("crash", async (model, rig) => {
  rig.living[0]?.exit(null, "SIGKILL");
  model.expectedContext = "any";
  await rig.timers.advance(1);
});

const unload = command("unload", (model, rig) => {
  rig.promises.push(watch(rig.engine.unload()));
  model.expectedContext = null;
});

const restart = command("restart", (model, rig) => {
  rig.promises.push(watch(rig.engine.restart()));
  model.expectedContext = null;
});

const wait = (byMs: number): Command => command(`wait ${byMs} ms`, (_model, rig) => rig.timers.advance(byMs));

const commands = [
  fc.constantFrom(0, 4, 8).map(load),
  fc.constantFrom(cancelledLoad, generate, stopAnAnswer, askAside, crash, unload, restart),
  fc.constantFrom(1, 5, 10, 30, 700).map(wait),
];

test("whatever happens: one child, no more answers than sequences, one model; the last load wins; everyone gets an answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async steps => {
      const rig = new Rig();
      const model: Model = { expectedContext: null };
      await fc.asyncModelRun(() => ({ model, real: rig }), steps);
      await rig.timers.advance(60_000);
      rig.check();
      expect(rig.promises.filter(promise => promise.state === "pending")).toEqual([]);
      expect(rig.answers.filter(({ reason, code }) => reason === null && code === null)).toEqual([]);
      const { state, config } = rig.engine.snapshot();
      expect(["stopped", "ready", "loaded", "failed"]).toContain(state);
      if (model.expectedContext !== "any") expect(config?.contextTokens ?? null).toBe(model.expectedContext);
    }),
    { numRuns: 300 },
  );
});
