import { describe, expect, it } from "vitest";
import { customCard, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import type { Telemetry } from "@/lib/schema/live-events";
import { gpuReport } from "@/lib/schema/testing/gpu-report";
import { MIB } from "@/lib/units/bytes";
import { measuredMemory } from "./use-measured-memory";

const held = {
  weightsBytes: 100 * MIB,
  kvBytes: 50 * MIB,
  computeBytes: 30 * MIB,
  overheadBytes: 0,
  totalBytes: 180 * MIB,
};

const telemetryAt = (atMs: number, readAtMs: number): Telemetry => ({
  atMs,
  gpu: gpuReport({
    memory: { ...whatIfGpu(customCard(8192), 857 * MIB), heldByEngineBytes: 430 * MIB },
    readAtMs,
  }),
  memory: { totalBytes: 1, availableBytes: 1 },
  cpuPercent: null,
});

describe("the card as it was last read", () => {
  it("what the driver counts for us beyond our buffers is overhead: 430 - 180 = 250 MiB", () => {
    expect(measuredMemory(telemetryAt(1000, 1000), held)?.bytes).toEqual({
      others: 857 * MIB,
      embedding: 0,
      beside: 0,
      weights: 100 * MIB,
      kv: 50 * MIB,
      compute: 30 * MIB,
      overhead: 250 * MIB,
    });
  });

  it("stays within what the driver counts for us where a card of the load is lost: half of it is left, and half of each part", () => {
    const { gpu, ...telemetry } = telemetryAt(1, 1);
    const memory = gpu.memory && { ...gpu.memory, heldByEngineBytes: 90 * MIB };
    const lostCards = [{ id: "b", name: "RTX 3060", pciAddress: null }];
    expect(measuredMemory({ ...telemetry, gpu: { ...gpu, memory, lostCards } }, held)?.bytes).toMatchObject({
      weights: 50 * MIB,
      kv: 25 * MIB,
      compute: 15 * MIB,
      overhead: 0,
    });
  });

  it("is stale once the reading is more than five seconds old", () => {
    expect(measuredMemory(telemetryAt(10_000, 5_000), held)?.isStale).toBe(false);
    expect(measuredMemory(telemetryAt(10_001, 5_000), held)?.isStale).toBe(true);
  });

  it("is nothing, and not zero, where there was no reading", () => {
    const telemetry = telemetryAt(1, 1);
    expect(measuredMemory({ ...telemetry, gpu: { ...telemetry.gpu, memory: null } }, held)).toBeNull();
  });
});
