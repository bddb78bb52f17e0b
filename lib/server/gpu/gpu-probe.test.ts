import { describe, expect, it } from "vitest";
import type { EngineInfo, Vram } from "@/lib/schema/engine-messages";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { engineSnapshot } from "@/lib/server/testing/engine-fixtures";
import { GIB, MIB } from "@/lib/units/bytes";
import type { MachineFacts } from "./gpu-absence";
import { GpuProbe } from "./gpu-probe";
import type { NvidiaGpu, NvidiaReading } from "./nvidia-smi";

const info = (change: Partial<EngineInfo> = {}): EngineInfo => ({
  backend: "cuda",
  gpuUsable: true,
  devices: ["Quadro P4000"],
  llamaCppRelease: "v0",
  nodeLlamaCppVersion: "3",
  buildType: "prebuilt",
  mathCores: 4,
  gpuProblem: null,
  ...change,
});

const gpu = (change: Partial<NvidiaGpu> = {}): NvidiaGpu => ({
  index: 0,
  uuid: "GPU-00000000-aaaa",
  name: "Quadro P4000",
  driverVersion: "550.54.14",
  memory: { totalBytes: 8192 * MIB, usedBytes: 4000 * MIB, freeBytes: 4100 * MIB },
  utilizationPercent: 12,
  temperatureCelsius: 41,
  powerWatts: 30.5,
  ...change,
});

const read = (
  gpus: NvidiaGpu[],
  processes: { pid: number; name: string; usedBytes: number }[] = [],
): NvidiaReading => ({
  kind: "read",
  gpus,
  processes,
  atMs: 7,
});
const missing: NvidiaReading = { kind: "unknown", failure: "missing", said: "" };

const bareMachine: MachineFacts = { platform: "linux", inContainer: false, vendors: [] };

interface World {
  info?: EngineInfo | null;
  state?: EngineSnapshot["state"];
  heldBytes?: number;
  vram?: Vram | null;
  nvidia?: NvidiaReading;
  machine?: MachineFacts;
  gpuChoice?: string;
  visibleDevices?: string;
}

const parts = (totalBytes: number) => ({
  weightsBytes: totalBytes,
  kvBytes: 0,
  computeBytes: 0,
  overheadBytes: 0,
  totalBytes,
});

/** A probe in a world that can change between readings. */
function probeIn(world: World): GpuProbe {
  const snapshot = () =>
    engineSnapshot({
      state: world.state ?? "loaded",
      info: world.info === undefined ? info() : world.info,
      held: world.heldBytes === undefined ? null : parts(world.heldBytes),
    });
  let nowMs = 0;
  return new GpuProbe({
    engine: {
      pid: 4711,
      snapshot,
      start: async () => {
        if (world.info === null) throw new Error("does not start");
        return world.info ?? info();
      },
      vram: async () => world.vram ?? null,
    },
    nvidia: { read: async () => world.nvidia ?? missing, watch: () => () => {}, close: () => {} },
    receipts: { all: () => [] },
    gpuChoice: world.gpuChoice ?? "auto",
    machine: () => world.machine ?? bareMachine,
    visibleDevices: world.visibleDevices,
    // Each look is a new second, or readings would be kept.
    now: () => (nowMs += 1000),
  });
}

describe("memory of an NVIDIA card", () => {
  it("adds up to the total: ours, the driver's free, and the rest is others'", async () => {
    const { memory, driverVersion, utilizationPercent, readAtMs } = await probeIn({
      nvidia: read([gpu()], [{ pid: 4711, name: "engine", usedBytes: 3000 * MIB }]),
      heldBytes: 2900 * MIB,
    }).read();
    expect(memory).toMatchObject({
      name: "Quadro P4000",
      backend: "cuda",
      kind: "dedicated",
      source: "nvidia-smi",
      totalBytes: 8192 * MIB,
      freeBytes: 4100 * MIB,
      // The driver counts 3000 for our process; 8192 - 4100 - 3000 remain, the 92 that the driver itself keeps among them.
      heldByEngineBytes: 3000 * MIB,
      usedByOthersBytes: 1092 * MIB,
    });
    expect({ driverVersion, utilizationPercent, readAtMs }).toEqual({
      driverVersion: "550.54.14",
      utilizationPercent: 12,
      readAtMs: 7,
    });
  });

  it("where the driver does not tell processes, the load's own report counts", async () => {
    const { memory } = await probeIn({ nvidia: read([gpu()]), heldBytes: 2900 * MIB }).read();
    expect(memory).toMatchObject({ heldByEngineBytes: 2900 * MIB, usedByOthersBytes: 1192 * MIB });
  });

  it("starts with the cautious overhead of CUDA", async () => {
    const { memory } = await probeIn({ nvidia: read([gpu()]) }).read();
    expect(memory?.overhead).toEqual({ bytes: 460 * MIB, source: "cautious", samples: 0, spreadBytes: 0 });
  });

  it("several cards are one pool, and CUDA_VISIBLE_DEVICES chooses", async () => {
    const second = gpu({ index: 1, uuid: "GPU-11111111-bbbb", name: "GeForce RTX 3090" });
    const nvidia = read([gpu(), second]);
    expect((await probeIn({ nvidia }).read()).memory).toMatchObject({
      name: "2 cards together: Quadro P4000, GeForce RTX 3090",
      totalBytes: 16_384 * MIB,
    });
    for (const visibleDevices of ["1", "GPU-11111111"])
      expect((await probeIn({ nvidia, visibleDevices }).read()).memory?.name).toBe("GeForce RTX 3090");
  });

  it("H3 half a reading is not planned with: the engine's own counter is used", async () => {
    const vram = { totalBytes: 8 * GIB, usedBytes: 3 * GIB, freeBytes: 5 * GIB, unifiedBytes: 0 };
    const { memory } = await probeIn({ nvidia: read([gpu({ memory: null })]), vram, heldBytes: GIB }).read();
    expect(memory).toMatchObject({
      source: "engine",
      totalBytes: 8 * GIB,
      usedByOthersBytes: 2 * GIB,
      freeBytes: 5 * GIB,
    });
  });

  it("an NVIDIA card beside the Vulkan device that is used is not mistaken for it", async () => {
    const vulkan = info({ backend: "vulkan", devices: ["AMD Radeon RX 7900"] });
    const vram = { totalBytes: 20 * GIB, usedBytes: GIB, freeBytes: 19 * GIB, unifiedBytes: 0 };
    const { memory } = await probeIn({ info: vulkan, nvidia: read([gpu()]), vram }).read();
    expect(memory).toMatchObject({ name: "AMD Radeon RX 7900", source: "engine", totalBytes: 20 * GIB });
  });
});

describe("memory that the backend tells", () => {
  const lavapipe = info({ backend: "vulkan", devices: ["llvmpipe (LLVM 15.0.6, 256 bits)"] });
  const still: Vram = { totalBytes: 2 * GIB, usedBytes: 0, freeBytes: 2 * GIB, unifiedBytes: 0 };

  it("a counter that never moves has what we hold added to it", async () => {
    const { memory } = await probeIn({ info: lavapipe, vram: still, heldBytes: 700 * MIB }).read();
    expect(memory).toMatchObject({
      kind: "software",
      usedByOthersBytes: 0,
      heldByEngineBytes: 700 * MIB,
      freeBytes: 2 * GIB - 700 * MIB,
    });
  });

  it("memory shared with the processor is told apart from a card's own", async () => {
    const shared = { ...still, unifiedBytes: 2 * GIB };
    const { memory } = await probeIn({ info: info({ backend: "metal", devices: ["Apple M2"] }), vram: shared }).read();
    expect(memory).toMatchObject({ kind: "shared", backend: "metal" });
  });

  it("H7 after an unload our part is free again, though the engine is gone and cannot be asked", async () => {
    const world: World = {
      info: info({ backend: "vulkan", devices: ["AMD Radeon RX 7900"] }),
      vram: { totalBytes: 20 * GIB, usedBytes: 6 * GIB, freeBytes: 14 * GIB, unifiedBytes: 0 },
      heldBytes: 5 * GIB,
    };
    const probe = probeIn(world);
    expect((await probe.read()).memory).toMatchObject({ heldByEngineBytes: 5 * GIB, usedByOthersBytes: GIB });
    Object.assign(world, { state: "stopped", heldBytes: 0 });
    expect((await probe.read()).memory).toMatchObject({
      heldByEngineBytes: 0,
      usedByOthersBytes: GIB,
      freeBytes: 19 * GIB,
    });
  });

  it("a card whose memory nobody tells is planned as a small one, and the report says so", async () => {
    const { memory, reason } = await probeIn({ vram: null }).read();
    expect(memory).toMatchObject({
      source: "assumed",
      totalBytes: 4 * GIB,
      usedByOthersBytes: GIB,
      freeBytes: 3 * GIB,
    });
    expect(reason).toContain("assumes");
  });
});

describe("no GPU", () => {
  const noGpu = info({ backend: "none", gpuUsable: false, devices: [] });
  const absence = async (world: World) => {
    const { memory, reason, remedy } = await probeIn({ info: noGpu, ...world }).read();
    expect(memory).toBeNull();
    return `${reason} ${remedy}`;
  };

  it.each<[string, World, RegExp]>([
    ["nothing there", {}, /No graphics card.*type in the card's memory/],
    ["switched off", { gpuChoice: "off" }, /HEADROOM_GPU=off/],
    ["engine does not start", { info: null }, /engine has not started.*log/],
    ["driver not installed", { machine: { ...bareMachine, vendors: ["nvidia"] } }, /driver is not installed.*Install/],
    [
      "container without the card",
      { machine: { ...bareMachine, vendors: ["nvidia"], inContainer: true } },
      /container.*--gpus all/,
    ],
    ["no Vulkan driver", { machine: { ...bareMachine, vendors: ["amd"] } }, /no Vulkan driver.*mesa-vulkan-drivers/],
    ["CUDA runtime missing", { nvidia: read([gpu()]) }, /Quadro P4000 is here.*could not use it.*cudart/],
    [
      "driver updated under a running one",
      { nvidia: { kind: "unknown", failure: "driver", said: "Driver/library version mismatch" } },
      /version mismatch.*Restart/,
    ],
    ["driver hangs", { nvidia: { kind: "unknown", failure: "silent", said: "" } }, /does not answer.*Restart/],
    ["card lost", { nvidia: { kind: "unknown", failure: "driver", said: "GPU is lost" } }, /lost.*Restart/],
    ["garbage", { nvidia: { kind: "unknown", failure: "unreadable", said: "Fehler" } }, /Fehler.*repair/],
  ])("H1 %s: a reason and what to do", async (_what, world, words) => {
    expect(await absence(world)).toMatch(words);
  });
});
