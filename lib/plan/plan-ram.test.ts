import { describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { planLayers } from "./plan-layers";
import { planRam, ramUsedByOthers } from "./plan-ram";
import { mistralSurface, p4000, planSettings } from "./testing/surface-fixtures";

const onCpu = planLayers(mistralSurface, null, planSettings());
const memory = (availableGib: number) => ({ totalBytes: 16 * GIB, availableBytes: availableGib * GIB });
// Weights 4,108,181,504; KV 32 * 16 MiB; compute 109,064,192 as at full offload: 4,754,116,608 bytes, 646 MB of them locked.

describe("system memory without a GPU", () => {
  it("holds weights, KV cache and the whole compute buffer", () => {
    const ram = planRam(onCpu, null, memory(12), { useMmap: true });
    expect([ram.needBytes, ram.lockedBytes]).toEqual([4_754_116_608, 645_935_104]);
    expect([ram.outcome, ram.warnings]).toEqual(["fits", []]);
  });

  it("warns that mapped weights would be read again, before it warns of swapping", () => {
    expect(planRam(onCpu, null, memory(4), { useMmap: true }).outcome).toBe("rereads");
    expect(planRam(onCpu, null, memory(0.5), { useMmap: true }).outcome).toBe("swaps");
    expect(planRam(onCpu, null, memory(4), { useMmap: false }).outcome).toBe("swaps");
  });

  it("says what is needed and what there is", () => {
    const [warning] = planRam(onCpu, null, memory(4), { useMmap: false }).warnings;
    expect(warning?.code).toBe("ram-short");
    expect(warning?.message).toContain("4.43 GiB of system memory is needed and 4.00 GiB is available");
    expect(warning?.message).toContain("swap");
  });

  it("gives back what our own engine holds", () => {
    const held = { useMmap: true, heldByEngineBytes: 2 * GIB };
    expect(planRam(onCpu, null, memory(3), held).outcome).toBe("fits");
  });
});

describe("a GPU that shares system memory", () => {
  const plan = planLayers(mistralSurface, p4000, planSettings());

  it("counts both halves of the plan, where a card of its own counts one", () => {
    const own = planRam(plan, p4000, memory(8), { useMmap: true });
    const shared = planRam(plan, { ...p4000, kind: "shared" }, memory(8), { useMmap: true });
    expect([own.sharedWithGpu, shared.sharedWithGpu]).toEqual([false, true]);
    expect(own.needBytes).toBe(plan.ram.totalBytes);
    expect(shared.needBytes).toBe(plan.ram.totalBytes + plan.predicted.totalBytes);
  });

  it("cannot drop what is on the GPU, mapped or not", () => {
    const shared = planRam(plan, { ...p4000, kind: "shared" }, memory(2), { useMmap: true });
    expect(shared.outcome).toBe("swaps");
  });
});

it("others hold what is in use and not our engine's, whichever model is planned", () => {
  // 16 GiB, 9 of them available; the loaded model gives back 5.1: others have 1.9.
  expect(ramUsedByOthers({ ...memory(9), heldByEngineBytes: 5.1 * GIB })).toBeCloseTo(1.9 * GIB, -3);
  expect(ramUsedByOthers(memory(9))).toBe(7 * GIB);
  expect(ramUsedByOthers({ ...memory(16), heldByEngineBytes: GIB })).toBe(0);
});
