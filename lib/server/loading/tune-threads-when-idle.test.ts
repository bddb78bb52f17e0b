import { beforeEach, describe, expect, it } from "vitest";
import type { EngineState } from "@/lib/schema/live-events";
import type { ThreadSpeed } from "@/lib/schema/settings/thread-choice";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { CompleteRequest } from "@/lib/server/engine/engine-supervisor";
import { engineSnapshot, loadConfig } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { type TuneThreadsOptions, tuneThreadsWhenIdle } from "./tune-threads-when-idle";

/** An engine with a model of 33 layers that decodes fastest with eight threads. */
class Rig {
  readonly timers = new ManualTimers();
  readonly loadedThreads: number[] = [];
  readonly remembered: ThreadSpeed[][] = [];
  readonly recall = new AbortController();
  candidates = [16, 8];
  isAuto = true;
  isBusy = false;
  state: EngineState = "loaded";
  gpuLayers = 8;
  borrowed = 0;
  onLoad = () => {};
  #listener = () => {};

  readonly options: TuneThreadsOptions = {
    engine: {
      snapshot: () =>
        engineSnapshot({
          state: this.state,
          config: loadConfig({ gpuLayers: this.gpuLayers, threads: 16 }),
          totalLayers: 33,
        }),
      subscribe: listener => {
        this.#listener = listener;
        return () => {
          this.#listener = () => {};
        };
      },
      load: async (config, options) => {
        this.loadedThreads.push(config.threads);
        this.onLoad();
        options?.signal?.throwIfAborted();
        return {
          type: "loaded",
          id: "1",
          config,
          buffers: { gpuWeightsBytes: 0, gpuContextBytes: 0, ramWeightsBytes: 0, ramContextBytes: 0 },
          split: { gpuKvBytes: null, gpuComputeBytes: null, ramKvBytes: null, ramComputeBytes: null },
          reused: "weights",
          elapsedMs: 1,
          vramBefore: null,
          vramAfter: null,
          flashAttentionActive: null,
          templateWarning: null,
        };
      },
      complete: request => this.#complete(request),
    },
    host: {
      borrow: work => {
        if (this.isBusy) throw new EngineError("BUSY", "An answer is being written.");
        this.borrowed += 1;
        return work(this.recall.signal);
      },
    },
    tuner: {
      candidates: () => (this.remembered.length > 0 ? [] : this.candidates),
      remember: async (_fileBytes, speeds) => void this.remembered.push(speeds),
    },
    isAuto: () => this.isAuto,
    onLog: () => {},
    timers: this.timers,
    fileBytesOf: async () => 1000,
  };

  become(state: EngineState): void {
    this.state = state;
    this.#listener();
  }

  async *#complete(request: CompleteRequest) {
    const threads = this.loadedThreads.at(-1) ?? 0;
    const stats = {
      promptTokens: Math.round(request.prompt.length / 4),
      cachedTokens: 0,
      generatedTokens: request.sampling.maxTokens,
      timeToFirstTokenMs: 1,
      tokensPerSecond: threads === 8 ? 20 : 10,
      prefillTokensPerSecond: threads * 10,
      totalMs: 1,
    };
    yield { type: "finished" as const, id: "1", reason: "length" as const, stats };
  }
}

describe("tuneThreadsWhenIdle", () => {
  let rig = new Rig();
  beforeEach(() => {
    rig = new Rig();
  });

  it("measures each candidate once the engine has been idle for 15 s, and never again", async () => {
    tuneThreadsWhenIdle(rig.options);
    await rig.timers.advance(14_999);
    expect(rig.loadedThreads).toEqual([]);
    await rig.timers.advance(1);
    expect(rig.loadedThreads).toEqual([16, 8]);
    expect(rig.remembered).toEqual([
      [
        { threads: 16, prefillTokensPerSecond: 160, decodeTokensPerSecond: 10 },
        { threads: 8, prefillTokensPerSecond: 80, decodeTokensPerSecond: 20 },
      ],
    ]);
    rig.become("generating");
    rig.become("loaded");
    await rig.timers.advance(60_000);
    expect(rig.borrowed).toBe(1);
  });

  it("waits again after every answer", async () => {
    tuneThreadsWhenIdle(rig.options);
    await rig.timers.advance(10_000);
    rig.become("generating");
    await rig.timers.advance(10_000);
    rig.become("loaded");
    await rig.timers.advance(14_000);
    expect(rig.borrowed).toBe(0);
    await rig.timers.advance(1_000);
    expect(rig.borrowed).toBe(1);
  });

  it("remembers nothing when somebody wants the engine meanwhile", async () => {
    rig.onLoad = () => rig.recall.abort(new Error("A chat wants the engine."));
    tuneThreadsWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect(rig.loadedThreads).toEqual([16]);
    expect(rig.remembered).toEqual([]);
  });

  it("gives up after three attempts", async () => {
    rig.isBusy = true;
    tuneThreadsWhenIdle(rig.options);
    for (let round = 0; round < 5; round++) {
      await rig.timers.advance(15_000);
      rig.become("generating");
      rig.become("loaded");
    }
    rig.isBusy = false;
    await rig.timers.advance(15_000);
    expect(rig.borrowed).toBe(0);
  });

  it.each([
    ["all layers are on the GPU", { gpuLayers: 33 }],
    ["the user chose the number of threads", { isAuto: false }],
    ["there is no choice", { candidates: [] }],
  ])("does not borrow the engine where %s", async (_why, change) => {
    Object.assign(rig, change);
    tuneThreadsWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect(rig.borrowed).toBe(0);
  });

  it("measures nothing after it was stopped", async () => {
    const stop = tuneThreadsWhenIdle(rig.options);
    stop();
    await rig.timers.advance(15_000);
    expect(rig.borrowed).toBe(0);
  });
});
