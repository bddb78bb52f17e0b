import { describe, expect, it, vi } from "vitest";
import { defaultSettings } from "@/lib/schema/settings";
import { RemoteHeaderError } from "@/lib/server/models/hub/remote-header-error";
import { answerPicks } from "./answer-picks";
import type { Planner } from "./planner";

function servicesWith(planFor: Planner["planFor"]) {
  return {
    planner: { planFor: vi.fn(planFor) },
    settings: { read: () => defaultSettings },
    gpu: { read: () => Promise.reject(new Error("this computer's card was not asked for")) },
    machineSpeed: { read: async () => ({ ramBytesPerSecond: 30e9, gpuCorrection: null, cpuCorrection: null }) },
    engine: { pid: null },
  };
}

const away: Planner["planFor"] = () =>
  Promise.reject(new RemoteHeaderError("DOWNLOAD_FAILED", "huggingface.co cannot be reached."));

describe("picks", () => {
  it("ask nobody unless the hub is to be asked", async () => {
    const services = servicesWith(away);
    const { picks } = await answerPicks(services, { cardMib: 8192 });
    expect(services.planner.planFor).not.toHaveBeenCalled();
    expect(picks.map(({ label, from, problem }) => [label, from, problem])).toEqual([
      ["fastest", "list", null],
      ["balanced", "list", null],
      ["most-capable", "list", null],
    ]);
  });

  it("stay as they are, with the reason, while the hub is away", async () => {
    const services = servicesWith(away);
    const { picks } = await answerPicks(services, { cardMib: 8192, hub: "check" });
    expect(services.planner.planFor).toHaveBeenCalledTimes(3);
    for (const { from, problem } of picks) {
      expect(from).toBe("list");
      expect(problem).toMatchObject({ code: "DOWNLOAD_FAILED" });
    }
  });

  it("are planned on the CPU without a card, for the context that is asked for", async () => {
    const { gpu, contextTokens, picks } = await answerPicks(servicesWith(away), { cardMib: 0, N_CTX: 2048 });
    expect(gpu).toBeNull();
    expect(contextTokens).toBe(2048);
    for (const { plan, memory } of picks) {
      expect(plan).toMatchObject({ kind: "cpu-only", gpuLayers: 0, gpuBytes: 0 });
      expect(memory.totalBytes).toBe(plan.ramBytes);
    }
  });
});
