import { describe, expect, it, vi } from "vitest";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { curatedModels } from "@/lib/plan/picks/curated-models";
import { curatedProfile } from "@/lib/plan/picks/curated-profile";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { RemoteHeaderError } from "@/lib/server/models/hub/remote-header-error";
import { answerPicks } from "./answer-picks";
import type { Planner, PlanOutcome } from "./planner";

function servicesWith(planFor: Planner["planFor"]) {
  return {
    planner: { planFor: vi.fn(planFor) },
    settings: { read: () => defaultSettings },
    gpu: { read: () => Promise.reject(new Error("this computer's card was not asked for")) },
    machineSpeed: { read: async () => ({ ramBytesPerSecond: 30e9, threads: 8, decode: [], prefill: [] }) },
    engine: { pid: null },
  };
}

/** As if the hub's header said the same as the list, with this many times the weights. */
function headerPlan(settings: Settings, gpu: GpuMemory | null = null, times = 1): PlanOutcome {
  for (const model of curatedModels)
    for (const file of model.files)
      if (`hf:${model.repository}/${file.file}` === settings.MODEL) {
        const profile = curatedProfile(model, { ...file, gigabytes: file.gigabytes * times });
        const surface = headerSurface(profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
        return { modelPath: "", surface, gpu, plan: planLayers(surface, gpu, settings) };
      }
  throw new Error(`${settings.MODEL} is not in the list`);
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

  it("are chosen again from what the hub has, and the others are named", async () => {
    const { picks: listed } = await answerPicks(servicesWith(away), { cardMib: 8192 });
    const [, balanced, capable] = listed;
    const services = servicesWith(async (settings, gpu) => {
      const { MODEL } = settings;
      if (MODEL === capable?.source) throw new RemoteHeaderError("MODEL_NOT_FOUND", "The hub has no such file.");
      if (MODEL === balanced?.source) throw new RemoteHeaderError("FORBIDDEN", "It wants a token.");
      return headerPlan(settings, gpu);
    });
    const { picks, missing } = await answerPicks(services, { cardMib: 8192, hub: "check" });
    expect(missing).toEqual([
      {
        name: balanced?.name,
        quantization: balanced?.quantization,
        problem: expect.objectContaining({ code: "FORBIDDEN" }),
      },
      {
        name: capable?.name,
        quantization: capable?.quantization,
        problem: expect.objectContaining({ code: "MODEL_NOT_FOUND" }),
      },
    ]);
    expect(picks.map(({ label, from }) => [label, from])).toEqual([
      ["fastest", "header"],
      ["balanced", "header"],
      ["most-capable", "header"],
    ]);
    const sources = picks.map(({ source }) => source);
    expect(sources).not.toContain(capable?.source);
    expect(sources).not.toContain(balanced?.source);
  });

  it("leave out a file whose header shows that it is too large for this computer", async () => {
    const { picks: listed } = await answerPicks(servicesWith(away), { cardMib: 8192 });
    const capable = listed.find(({ label }) => label === "most-capable");
    const services = servicesWith(async (settings, gpu) =>
      headerPlan(settings, gpu, settings.MODEL === capable?.source ? 1000 : 1),
    );
    const { picks, missing } = await answerPicks(services, { cardMib: 8192, hub: "check" });
    expect(picks.map(({ source }) => source)).not.toContain(capable?.source);
    expect(missing).toEqual([]);
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
