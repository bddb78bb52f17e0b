import { describe, expect, it } from "vitest";
import type { Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { engineSnapshot } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { GIB, MIB } from "@/lib/units/bytes";
import type { MachineFacts } from "./gpu-absence";
import { GpuProbe } from "./gpu-probe";
import type { CardProcess, CardsReading, GpuCard } from "./gpu-reader";
import { gpuCard, engineInfo as info } from "./testing/card-fixtures";

const P4000_UUID = "GPU-00000000-aaaa";

const gpu = (change: Partial<GpuCard> = {}): GpuCard => ({
  ...gpuCard({ uuid: P4000_UUID, bus: 1, name: "Quadro P4000", totalMib: 8192 }),
  memory: { totalBytes: 8192 * MIB, usedBytes: 4000 * MIB, freeBytes: 4100 * MIB },
  utilizationPercent: 12,
  temperatureCelsius: 41,
  powerWatts: 30.5,
  ...change,
});

const process4711 = (usedMib: number, change: Partial<CardProcess> = {}): CardProcess => ({
  cardUuid: P4000_UUID,
  pid: 4711,
  name: "[Not Found]",
  usedBytes: usedMib * MIB,
  ...change,
});

const read = (cards: GpuCard[], processes: CardProcess[] = []): CardsReading => ({
  kind: "read",
  cards,
  processes,
  atMs: 7,
});
const missing: CardsReading = { kind: "unknown", failure: "missing", said: "" };

const bareMachine: MachineFacts = { platform: "linux", inContainer: false, vendors: [] };

interface World {
  info?: EngineInfo | null;
  state?: EngineSnapshot["state"];
  heldBytes?: number;
  vram?: Vram | null;
  nvidia?: CardsReading;
  amd?: CardsReading;
  machine?: MachineFacts;
  gpuChoice?: string;
  visibleDevices?: string;
  availableRamBytes?: number;
  sparePid?: number;
  program?: { readonly pid: number; readonly bytes: number };
  programPlaces?: boolean;
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
    ramBytesPerSecond: () => 28e9,
    engine: {
      pid: 4711,
      snapshot,
      start: async () => {
        if (world.info === null) throw new Error("does not start");
        return world.info ?? info();
      },
      vram: async () => world.vram ?? null,
    },
    readers: [
      { vendor: "nvidia", read: async () => world.nvidia ?? missing, watch: () => () => {}, close: () => {} },
      { vendor: "amd", read: async () => world.amd ?? missing, watch: () => () => {}, close: () => {} },
    ],
    receipts: { all: () => [] },
    sparePid: () => world.sparePid ?? null,
    program: () => world.program ?? null,
    programPlaces: () => world.programPlaces ?? false,
    gpuChoice: world.gpuChoice ?? "auto",
    machine: () => world.machine ?? bareMachine,
    visible: { cuda: world.visibleDevices, cudaOrder: "PCI_BUS_ID" },
    availableRamBytes: () => world.availableRamBytes ?? 64 * GIB,
    // Each look is in a new second, because readings are kept for a moment.
    now: () => (nowMs += 1000),
  });
}

describe("memory of an NVIDIA card", () => {
  it("experts can be in RAM where another program runs the model, without our addon", async () => {
    const world: World = { nvidia: read([gpu()]) };
    const probe = probeIn(world);
    expect((await probe.read()).memory?.placesExperts).toBe(false);
    world.programPlaces = true;
    expect((await probe.read()).memory?.placesExperts).toBe(true);
    // On a Mac, GPU and processor read the same memory.
    const vram = { totalBytes: 20 * GIB, usedBytes: GIB, freeBytes: 19 * GIB, unifiedBytes: 20 * GIB };
    const mac = probeIn({ info: info({ backend: "metal", devices: ["Apple M3"] }), vram, programPlaces: true });
    expect((await mac.read()).memory?.placesExperts).toBe(false);
  });

  it("adds up to the total: ours, the driver's free, and the rest is others'", async () => {
    const { memory, driverVersion, cards, readAtMs } = await probeIn({
      nvidia: read([gpu()], [process4711(3000)]),
      heldBytes: 2900 * MIB,
    }).read();
    expect(memory).toMatchObject({
      name: "Quadro P4000",
      backend: "cuda",
      kind: "dedicated",
      source: "nvidia-smi",
      totalBytes: 8192 * MIB,
      freeBytes: 4100 * MIB,
      // The driver counts 3000 for our process. 8192 - 4100 - 3000 remain; this includes the 92 that the driver keeps for itself.
      heldByEngineBytes: 3000 * MIB,
      usedByOthersBytes: 1092 * MIB,
    });
    expect({ driverVersion, cards, readAtMs }).toEqual({
      driverVersion: "550.54.14",
      cards: [
        {
          id: P4000_UUID,
          name: "Quadro P4000",
          pciAddress: "0000:01:00.0",
          memory: { totalBytes: 8192 * MIB, freeBytes: 4100 * MIB, heldByEngineBytes: 3000 * MIB },
          utilizationPercent: 12,
          temperatureCelsius: 41,
          powerWatts: 30.5,
        },
      ],
      readAtMs: 7,
    });
  });

  it.each([
    [
      "the driver counts it",
      [process4711(120, { name: process.execPath }), process4711(2500, { pid: 4800, name: "/usr/bin/llama-server" })],
      2620,
    ],
    ["the driver has other numbers: as planned", [process4711(120)], 2400],
    ["its number is that of a smaller program", [process4711(2, { pid: 4800 })], 2400],
  ])("what a llama-server that we started holds is ours: %s", async (_what, processes, heldMib) => {
    const { memory } = await probeIn({
      state: "ready",
      nvidia: read([gpu()], processes),
      program: { pid: 4800, bytes: 2400 * MIB },
    }).read();
    // 8192 in all, 4100 free: the rest of the 4092 is others'.
    expect(memory).toMatchObject({ heldByEngineBytes: heldMib * MIB, usedByOthersBytes: (4092 - heldMib) * MIB });
  });

  it("what the child for dry runs holds is ours as well: it is given back before a load", async () => {
    const spare = { ...process4711(300), pid: 4712, name: "/usr/bin/node" };
    const { memory } = await probeIn({
      nvidia: read([gpu()], [process4711(3000), spare]),
      heldBytes: 2900 * MIB,
      sparePid: 4712,
    }).read();
    // 8192 in all, 4100 free, 3300 ours: 792 remain.
    expect(memory).toMatchObject({ heldByEngineBytes: 3300 * MIB, usedByOthersBytes: 792 * MIB });
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
    const second = gpu({ uuid: "GPU-11111111-bbbb", name: "GeForce RTX 3090" });
    const nvidia = read([gpu(), second]);
    expect(
      (await probeIn({ info: info({ devices: ["Quadro P4000", "GeForce RTX 3090"] }), nvidia }).read()).memory,
    ).toMatchObject({
      name: "2 cards together: Quadro P4000, GeForce RTX 3090",
      totalBytes: 16_384 * MIB,
      cards: [{ name: "Quadro P4000", totalBytes: 8192 * MIB }, { name: "GeForce RTX 3090" }],
    });
    for (const visibleDevices of ["1", "GPU-11111111"]) {
      const world = { info: info({ devices: ["GeForce RTX 3090"] }), nvidia, visibleDevices };
      expect((await probeIn(world).read()).memory?.name).toBe("GeForce RTX 3090");
    }
  });

  it("what one process of ours has on two cards is all ours: 10,000 and 9,000 MiB leave others 600", async () => {
    const [one, two] = [
      gpuCard({ uuid: "GPU-aaaaaaaa-1", bus: 1, name: "RTX 3060", totalMib: 12_288, usedMib: 10_300 }),
      gpuCard({ uuid: "GPU-bbbbbbbb-2", bus: 2, name: "RTX 3060", totalMib: 12_288, usedMib: 9300 }),
    ];
    const { memory, processes } = await probeIn({
      info: info({ devices: ["RTX 3060", "RTX 3060"], deviceTotalBytes: 23_820 * MIB }),
      nvidia: read(
        [one, two],
        [process4711(10_000, { cardUuid: one.uuid }), process4711(9000, { cardUuid: two.uuid })],
      ),
      heldBytes: 18_500 * MIB,
    }).read();
    expect(memory).toMatchObject({
      heldByEngineBytes: 19_000 * MIB,
      usedByOthersBytes: 600 * MIB,
      cards: [{ heldByEngineBytes: 10_000 * MIB }, { heldByEngineBytes: 9000 * MIB }],
    });
    expect(processes).toEqual([{ pid: 4711, name: "[Not Found]", usedBytes: 19_000 * MIB }]);
  });

  it("a foreign process with our number is others' while nothing is loaded, and where it has less than the load took", async () => {
    const blender = process4711(3000, { name: "/usr/bin/blender" });
    const nvidia = read([gpu()], [blender]);
    expect((await probeIn({ nvidia, state: "ready" }).read()).memory).toMatchObject({
      heldByEngineBytes: 0,
      usedByOthersBytes: 4092 * MIB,
    });
    expect((await probeIn({ nvidia, heldBytes: 3900 * MIB }).read()).memory?.heldByEngineBytes).toBe(3900 * MIB);
    const foreignNode = read([gpu()], [process4711(3000, { name: process.execPath })]);
    expect((await probeIn({ nvidia: foreignNode, state: "ready" }).read()).memory?.heldByEngineBytes).toBe(0);
  });

  it("the driver's context of our engine is ours before anything is loaded", async () => {
    const nvidia = read([gpu()], [process4711(310, { name: process.execPath })]);
    expect((await probeIn({ nvidia, state: "ready" }).read()).memory?.heldByEngineBytes).toBe(310 * MIB);
  });

  it("load, temperature, power and programs are those of the card that is used, not of the first line", async () => {
    const idle = gpu({
      uuid: "GPU-99999999-idle",
      name: "GeForce GT 710",
      utilizationPercent: 1,
      temperatureCelsius: 20,
    });
    const game = process4711(500, { pid: 5, cardUuid: idle.uuid, name: "game" });
    const report = await probeIn({ nvidia: read([idle, gpu()], [game]), visibleDevices: "1" }).read();
    expect(report.cards).toMatchObject([{ utilizationPercent: 12, temperatureCelsius: 41, powerWatts: 30.5 }]);
    expect(report.processes).toEqual([]);
    const vulkan = info({ backend: "vulkan", devices: ["AMD Radeon RX 7900"] });
    expect((await probeIn({ info: vulkan, nvidia: read([gpu()]) }).read()).cards).toEqual([]);
  });

  it("two 3090s of which one is visible under Vulkan: the backend's total, with the reason", async () => {
    const one = gpuCard({ uuid: "GPU-3090aaaa-1", bus: 1, name: "GeForce RTX 3090", totalMib: 24_576 });
    const { memory } = await probeIn({
      info: info({ backend: "vulkan", devices: [one.name], deviceTotalBytes: 24_576 * MIB }),
      nvidia: read([one, { ...one, uuid: "GPU-3090bbbb-2" }]),
      vram: { totalBytes: 24_576 * MIB, usedBytes: GIB, freeBytes: 23 * GIB, unifiedBytes: 0 },
    }).read();
    expect(memory).toMatchObject({ totalBytes: 24_576 * MIB, source: "engine" });
    expect(memory?.note).toContain("cannot be told");
  });

  it("a chip that takes system memory (GB10) is shared, with what the system has available", async () => {
    // 119.7 GiB in all. CUDA counts file cache as used, but the system can free it.
    const { memory } = await probeIn({
      info: info({ devices: ["NVIDIA GB10"], deviceTotalBytes: 122_502 * MIB }),
      nvidia: read([gpu({ name: "NVIDIA GB10", memory: null, takesSystemMemory: true })]),
      vram: { totalBytes: 122_502 * MIB, usedBytes: 90_000 * MIB, freeBytes: 32_502 * MIB, unifiedBytes: 0 },
      availableRamBytes: 100_000 * MIB,
      heldBytes: 10_000 * MIB,
    }).read();
    expect(memory).toMatchObject({
      kind: "shared",
      totalBytes: 122_502 * MIB,
      freeBytes: 100_000 * MIB,
      heldByEngineBytes: 10_000 * MIB,
      usedByOthersBytes: 12_502 * MIB,
    });
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

  it("an AMD card is read by the kernel, beside an NVIDIA driver that does not work", async () => {
    const xtx = { ...gpu({ name: "AMD Radeon RX 7900 XTX", vendor: "amd" }), driverVersion: null };
    const { memory, driverVersion, cards } = await probeIn({
      info: info({ backend: "vulkan", devices: ["AMD Radeon RX 7900 XTX (RADV NAVI31)"] }),
      nvidia: { kind: "unknown", failure: "driver", said: "GPU is lost" },
      amd: read([xtx]),
      heldBytes: GIB,
    }).read();
    expect(memory).toMatchObject({
      name: "AMD Radeon RX 7900 XTX",
      source: "kernel",
      totalBytes: 8192 * MIB,
      heldByEngineBytes: GIB,
      // 8192 - 4100 - 1024
      usedByOthersBytes: 3068 * MIB,
    });
    expect(driverVersion).toBeNull();
    expect(cards).toMatchObject([{ temperatureCelsius: 41 }]);
  });

  it("an NVIDIA card beside the Vulkan device that is used is not mistaken for it", async () => {
    const vulkan = info({ backend: "vulkan", devices: ["AMD Radeon RX 7900"] });
    const vram = { totalBytes: 20 * GIB, usedBytes: GIB, freeBytes: 19 * GIB, unifiedBytes: 0 };
    const { memory } = await probeIn({ info: vulkan, nvidia: read([gpu()]), vram }).read();
    expect(memory).toMatchObject({ name: "AMD Radeon RX 7900", source: "engine", totalBytes: 20 * GIB });
  });
});

describe("H4 one of several cards is lost", () => {
  const one = gpuCard({ uuid: "GPU-aaaaaaaa-1", bus: 1, name: "RTX 3060", totalMib: 12_288, usedMib: 2000 });
  const two = gpuCard({ uuid: "GPU-bbbbbbbb-2", bus: 2, name: "RTX 3060", totalMib: 12_288, usedMib: 1000 });
  const three = gpuCard({ uuid: "GPU-cccccccc-3", bus: 3, name: "RTX 3060", totalMib: 12_288, usedMib: 500 });
  const both = info({ devices: [one.name, two.name], deviceTotalBytes: 23_820 * MIB });

  it("the plan is for the other one, and both are named by their address", async () => {
    const world: World = { info: both, nvidia: read([one, two]) };
    const probe = probeIn(world);
    expect(await probe.read()).toMatchObject({ memory: { totalBytes: 24_576 * MIB }, lostCards: [] });
    world.nvidia = read([two]);
    const { memory, cards, lostCards } = await probe.read();
    expect(memory).toMatchObject({
      name: "RTX 3060",
      totalBytes: 12_288 * MIB,
      freeBytes: 11_288 * MIB,
      note: "RTX 3060 (0000:01:00.0) no longer answers. The plan is for RTX 3060 (0000:02:00.0) alone; reload the model to run it there.",
    });
    expect(memory).not.toHaveProperty("cards");
    expect(cards.map(({ id }) => id)).toEqual([two.uuid]);
    expect(lostCards).toEqual([{ id: one.uuid, name: "RTX 3060", pciAddress: "0000:01:00.0" }]);
  });

  it("where layers can be placed, each card that is left keeps its place in the engine's order", async () => {
    const present = [one, two, three];
    const cards = present.map(({ name }, index) => ({
      device: `CUDA${index}`,
      name,
      address: `0000:0${index + 1}:00.0`,
      isIntegrated: false,
      totalBytes: 11_910 * MIB,
    }));
    const devices = present.map(({ name }) => name);
    const world: World = {
      info: info({ devices, deviceTotalBytes: 35_730 * MIB, placement: { kind: "ready", cards } }),
      nvidia: read(present),
    };
    const probe = probeIn(world);
    for (const [left, places] of [
      [present, [0, 1, 2]],
      [
        [one, three],
        [0, 2],
      ],
      [[three], [2]],
    ] as const) {
      world.nvidia = read([...left]);
      const { memory, cards: readings } = await probe.read();
      expect(memory?.cards?.map(({ position }) => position)).toEqual(places);
      expect(readings.map(({ position }) => position)).toEqual(places);
    }
  });

  it("it counts again when it comes back", async () => {
    const world: World = { info: both, nvidia: read([two, one]) };
    const probe = probeIn(world);
    await probe.read();
    world.nvidia = read([two]);
    await probe.read();
    world.nvidia = read([one, two]);
    const { memory, lostCards } = await probe.read();
    expect(memory).toMatchObject({ totalBytes: 24_576 * MIB });
    expect(memory).not.toHaveProperty("note");
    expect(lostCards).toEqual([]);
  });

  it("a number in CUDA_VISIBLE_DEVICES still means the card that it meant at the start", async () => {
    const world: World = {
      info: info({ devices: [two.name], deviceTotalBytes: 11_910 * MIB }),
      nvidia: read([one, two, three]),
      visibleDevices: "1",
    };
    const probe = probeIn(world);
    expect((await probe.read()).cards.map(({ id }) => id)).toEqual([two.uuid]);
    world.nvidia = read([two, three]);
    const { cards, lostCards } = await probe.read();
    expect(cards.map(({ id }) => id)).toEqual([two.uuid]);
    // The engine never used the one that is gone.
    expect(lostCards).toEqual([]);
  });

  it("a like card whose line comes late makes it unknown which of them is used", async () => {
    const vram = { totalBytes: 12_288 * MIB, usedBytes: 0, freeBytes: 12_288 * MIB, unifiedBytes: 0 };
    const vulkan = info({ backend: "vulkan", devices: [one.name], deviceTotalBytes: 12_288 * MIB });
    const world: World = { info: vulkan, nvidia: read([one]), vram };
    const probe = probeIn(world);
    expect((await probe.read()).cards).toHaveLength(1);
    world.nvidia = read([one, two]);
    const { cards, memory } = await probe.read();
    expect(cards).toEqual([]);
    expect(memory?.note).toContain("cannot be told");
  });

  it("a reader that fails as a whole loses no card: then the engine's own figures count", async () => {
    const vram = { totalBytes: 23_820 * MIB, usedBytes: 0, freeBytes: 23_820 * MIB, unifiedBytes: 0 };
    const world: World = { info: both, nvidia: read([one, two]), vram };
    const probe = probeIn(world);
    await probe.read();
    world.nvidia = { kind: "unknown", failure: "silent", said: "" };
    expect(await probe.read()).toMatchObject({
      memory: { source: "engine", totalBytes: 23_820 * MIB },
      cards: [],
      lostCards: [],
    });
  });

  it("an AMD card beside an NVIDIA one: each is known by its own reader", async () => {
    const xtx: GpuCard = {
      ...gpuCard({ uuid: "GPU-7d4e0a3c9b1f5a26", bus: 4, name: "AMD Radeon RX 7900 XTX", totalMib: 24_560 }),
      vendor: "amd",
    };
    const mixed = info({
      backend: "vulkan",
      devices: ["AMD Radeon RX 7900 XTX (RADV NAVI31)", "RTX 3060"],
      deviceTotalBytes: 36_848 * MIB,
    });
    const world: World = { info: mixed, nvidia: read([one]), amd: read([xtx]) };
    const probe = probeIn(world);
    expect((await probe.read()).memory).toMatchObject({ totalBytes: 36_848 * MIB, source: "kernel" });
    world.amd = read([]);
    const { memory, lostCards } = await probe.read();
    expect(memory).toMatchObject({ name: "RTX 3060", totalBytes: 12_288 * MIB, source: "nvidia-smi" });
    expect(lostCards).toMatchObject([{ name: "AMD Radeon RX 7900 XTX" }]);
  });

  it("an engine that started again knows only what is left", async () => {
    const world: World = { info: both, nvidia: read([one, two]) };
    const probe = probeIn(world);
    await probe.read();
    Object.assign(world, { info: info({ devices: [two.name], deviceTotalBytes: 11_910 * MIB }), nvidia: read([two]) });
    const { memory, lostCards } = await probe.read();
    expect(memory).toMatchObject({ name: "RTX 3060", totalBytes: 12_288 * MIB });
    expect(memory).not.toHaveProperty("note");
    expect(lostCards).toEqual([]);
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

  it("what the backend said of it is left to Diagnostics", async () => {
    const said = { ...noGpu, gpuProblem: "The vulkan backend started but found no device." };
    expect((await probeIn({ info: said }).read()).reason).toBe("No graphics card that llama.cpp can use was found.");
  });

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
