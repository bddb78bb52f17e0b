import { describe, expect, it } from "vitest";
import type { Telemetry } from "@/lib/schema/live-events";
import { gpuReport } from "@/lib/schema/testing/gpu-report";
import { applyLiveEvent, HISTORY_LENGTH, liveStore } from "./live-store";

const reading = (atMs: number): Telemetry => ({
  atMs,
  gpu: gpuReport({ readAtMs: atMs }),
  memory: { totalBytes: 8, availableBytes: 4 },
  cpuPercent: null,
});

describe("what one event does to the state", () => {
  it("telemetry replaces the last reading and keeps three minutes of them", () => {
    let state = liveStore.initial();
    for (let second = 1; second <= HISTORY_LENGTH + 5; second++)
      state = applyLiveEvent(state, { type: "telemetry", telemetry: reading(second * 1000) });
    expect(state.telemetry?.atMs).toBe(185_000);
    expect(state.history).toHaveLength(180);
    expect(state.history[0]?.atMs).toBe(6_000);
  });

  it("a change elsewhere counts up its own kind only", () => {
    const state = applyLiveEvent(liveStore.initial(), { type: "changed", what: "receipts" });
    expect(state.changes).toEqual({ settings: 0, surface: 0, receipts: 1, chats: 0, models: 0, engines: 0 });
  });

  it("a flood of log lines keeps the newest 500", () => {
    let state = liveStore.initial();
    for (let line = 0; line < 600; line++)
      state = applyLiveEvent(state, { type: "log", level: "info", text: `line ${line}`, atMs: line });
    expect(state.log).toHaveLength(500);
    expect(state.log.at(-1)?.text).toBe("line 599");
  });
});
