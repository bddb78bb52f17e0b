import { beforeEach, describe, expect, it } from "vitest";
import type { SpeculationGain } from "@/lib/schema/plans/speculation";
import { EngineCrashedError, EngineError, EngineHungError } from "@/lib/server/engine/engine-errors";
import type { CompleteRequest } from "@/lib/server/engine/engine-supervisor";
import { engineSnapshot, loadConfig } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { type MeasureSpeculationOptions, measureSpeculationWhenIdle } from "./measure-speculation-when-idle";

/** An engine that writes lists of days twice as fast with guesses, and all else a little more slowly. */
class Rig {
  readonly timers = new ManualTimers();
  readonly remembered: (SpeculationGain | null)[] = [];
  /** How many measurements there were when the host was asked to take a useless draft model out. */
  readonly leftOut: number[] = [];
  readonly recall = new AbortController();
  answers = 0;
  answerMs = 100;
  isAuto = true;
  isBusy = false;
  onAnswer = () => {};

  readonly options: MeasureSpeculationOptions = {
    engine: {
      snapshot: () => engineSnapshot({ state: "loaded", config: loadConfig({}) }),
      subscribe: () => () => {},
      complete: request => this.#complete(request),
    },
    host: {
      borrow: work => {
        if (this.isBusy) throw new EngineError("BUSY", "An answer is being written.");
        return work(this.recall.signal);
      },
      leaveOutUselessDraft: async () => void this.leftOut.push(this.remembered.length),
    },
    meter: {
      isMeasured: () => this.remembered.length > 0,
      remember: async (_config, gain) => void this.remembered.push(gain),
    },
    isAuto: () => this.isAuto,
    onLog: () => {},
    timers: this.timers,
  };

  async *#complete({ prompt, speculate, sampling }: CompleteRequest) {
    this.answers += 1;
    this.onAnswer();
    const plain = 10;
    const guessed = String(prompt).includes("Monday") ? 20 : 9;
    const stats = {
      promptTokens: 32,
      cachedTokens: 0,
      generatedTokens: sampling.maxTokens,
      timeToFirstTokenMs: 1,
      tokensPerSecond: speculate ? guessed : plain,
      prefillTokensPerSecond: 1,
      totalMs: this.answerMs,
    };
    yield { type: "finished" as const, id: "1", reason: "length" as const, stats };
  }
}

describe("measureSpeculationWhenIdle", () => {
  let rig = new Rig();
  beforeEach(() => {
    rig = new Rig();
  });

  it("compares both kinds of text once the engine has been idle for 15 s", async () => {
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(14_999);
    expect(rig.answers).toBe(0);
    await rig.timers.advance(1);
    expect(rig.remembered).toEqual([{ repeated: 2, usual: 0.9 }]);
    // One to warm up, then three pairs of each text.
    expect(rig.answers).toBe(13);
  });

  it("then lets the host take out a draft model of no use, also where it was measured before", async () => {
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect(rig.leftOut).toEqual([1, 1]);
    expect(rig.answers).toBe(13);
  });

  it("makes one comparison of each on a slow machine", async () => {
    rig.answerMs = 10_000;
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect(rig.remembered).toEqual([{ repeated: 2, usual: 0.9 }]);
    expect(rig.answers).toBe(5);
  });

  it("measures nothing where the user chose, and nothing while the engine is in use", async () => {
    rig.isAuto = false;
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    rig.isAuto = true;
    rig.isBusy = true;
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect([rig.answers, rig.leftOut]).toEqual([0, []]);
  });

  it("remembers nothing of a measurement that somebody interrupts", async () => {
    rig.onAnswer = () => {
      if (rig.answers === 4) rig.recall.abort(new Error("Somebody wants to use the engine."));
    };
    measureSpeculationWhenIdle(rig.options);
    await rig.timers.advance(15_000);
    expect(rig.remembered).toEqual([]);
    expect(rig.answers).toBe(4);
  });

  it.each([
    new EngineCrashedError({ exitCode: null, signal: "SIGSEGV" }),
    new EngineHungError("The engine went on for 30 s after it was told to stop."),
  ])("is not tried again where it costs the engine, and the log says so: $message", async error => {
    const lines: string[] = [];
    const options = { ...rig.options, onLog: (_level: string, text: string) => void lines.push(text) };
    rig.onAnswer = () => {
      throw error;
    };
    measureSpeculationWhenIdle(options);
    await rig.timers.advance(15_000);
    expect([rig.remembered, rig.answers]).toEqual([[null], 1]);
    expect(lines).toEqual([`speculation not measured: ${error.message}`]);
    measureSpeculationWhenIdle(options);
    await rig.timers.advance(15_000);
    expect(rig.answers).toBe(1);
  });
});
