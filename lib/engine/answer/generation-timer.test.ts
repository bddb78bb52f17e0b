import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GenerationTimer } from "./generation-timer";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("tokens a second", () => {
  it("are those after the first, over the time after the first", () => {
    const timer = new GenerationTimer(performance.now(), 8);
    vi.advanceTimersByTime(500);
    timer.count(1);
    for (let token = 0; token < 10; token++) {
      vi.advanceTimersByTime(100);
      timer.count(1);
    }
    expect(timer.stats()).toMatchObject({ generatedTokens: 11, tokensPerSecond: 10, timeToFirstTokenMs: 500 });
  });

  it("do not count the other tokens of a first character as made in no time", () => {
    const timer = new GenerationTimer(performance.now(), 8);
    vi.advanceTimersByTime(500);
    timer.count(4);
    vi.advanceTimersByTime(100);
    timer.count(1);
    expect(timer.stats()).toMatchObject({ generatedTokens: 5, tokensPerSecond: 10 });
  });

  it("are none where no token had a text before the end", () => {
    const timer = new GenerationTimer(performance.now(), 8);
    vi.advanceTimersByTime(500);
    timer.countAll(48);
    vi.advanceTimersByTime(0.01);
    expect(timer.stats()).toMatchObject({ generatedTokens: 48, tokensPerSecond: 0 });
  });
});
