import { describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { planLayers } from "./plan-layers";
import { planRam, ramUsedByOthers, ramWarnings } from "./plan-ram";
import { mistralSurface, p4000, planSettings } from "./testing/surface-fixtures";

const onCpu = planLayers(mistralSurface, null, planSettings());
const memory = (availableGib: number) => ({ totalBytes: 16 * GIB, availableBytes: availableGib * GIB });
const computer = (availableGib: number, useMmap = true) => ({ memory: memory(availableGib), useMmap });
// Weights 4,108,181,504; KV 32 * 16 MiB; compute 109,064,192 as at full offload: 4,754,116,608 bytes, 646 MB of them locked.

describe("system memory without a GPU", () => {
  it("holds weights, KV cache and the whole compute buffer", () => {
    const ram = planRam(onCpu, null, computer(12));
    expect([ram.needBytes, ram.lockedBytes]).toEqual([4_754_116_608, 645_935_104]);
    expect([ram.outcome, ramWarnings(ram)]).toEqual(["fits", []]);
  });

  it("warns that mapped weights would be read again, before it warns of swapping", () => {
    expect(planRam(onCpu, null, computer(4)).outcome).toBe("rereads");
    expect(planRam(onCpu, null, computer(0.5)).outcome).toBe("swaps");
    expect(planRam(onCpu, null, computer(4, false)).outcome).toBe("swaps");
  });

  it("says what is needed and what there is", () => {
    // 4,754,116,608 bytes are 4.43 GiB, and 438 MiB more than 4 GiB.
    expect(ramWarnings(planRam(onCpu, null, computer(4, false)))).toEqual([
      {
        code: "ram-short",
        message:
          "438 MiB too much for system memory: 4.43 GiB is needed and 4.00 GiB is available. " +
          "The computer would swap and become very slow, or end programs.",
      },
    ]);
  });

  it("gives back what our own engine holds", () => {
    const held = { ...memory(3), heldByEngineBytes: 2 * GIB };
    expect(planRam(onCpu, null, { memory: held, useMmap: true }).outcome).toBe("fits");
  });
});

describe("a GPU that shares system memory", () => {
  const plan = planLayers(mistralSurface, p4000, planSettings());

  it("counts both halves of the plan, where a card of its own counts one", () => {
    const own = planRam(plan, p4000, computer(8));
    const shared = planRam(plan, { ...p4000, kind: "shared" }, computer(8));
    expect([own.sharedWithGpu, shared.sharedWithGpu]).toEqual([false, true]);
    expect(own.needBytes).toBe(plan.ram.totalBytes);
    expect(shared.needBytes).toBe(plan.ram.totalBytes + plan.predicted.totalBytes);
  });

  it("cannot drop what is on the GPU, mapped or not", () => {
    const shared = planRam(plan, { ...p4000, kind: "shared" }, computer(2));
    expect(shared.outcome).toBe("swaps");
  });
});

it("others hold what is in use and not our engine's, whichever model is planned", () => {
  // 16 GiB, 9 of them available; the loaded model gives back 5.1: others have 1.9.
  expect(ramUsedByOthers({ ...memory(9), heldByEngineBytes: 5.1 * GIB })).toBeCloseTo(1.9 * GIB, -3);
  expect(ramUsedByOthers(memory(9))).toBe(7 * GIB);
  expect(ramUsedByOthers({ ...memory(16), heldByEngineBytes: GIB })).toBe(0);
});
