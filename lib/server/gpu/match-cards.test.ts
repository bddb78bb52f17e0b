import { describe, expect, it } from "vitest";
import { MIB } from "@/lib/units/bytes";
import type { GpuCard } from "./gpu-reader";
import { matchCards, type VisibleDevices, visibleCards } from "./match-cards";
import { engineInfo, gpuCard } from "./testing/card-fixtures";

const BY_BUS = "PCI_BUS_ID";

/** Totals as nvidia-smi prints them, on the bus in this order. */
const rtx3060 = gpuCard({ uuid: "GPU-3060aaaa-1111", bus: 1, name: "NVIDIA GeForce RTX 3060", totalMib: 12_288 });
const rtx5090 = gpuCard({ uuid: "GPU-5090bbbb-2222", bus: 2, name: "NVIDIA GeForce RTX 5090", totalMib: 32_607 });
const rtx4060Ti = gpuCard({ uuid: "GPU-406ccccc-3333", bus: 3, name: "NVIDIA GeForce RTX 4060 Ti", totalMib: 16_380 });
const rtx4060 = gpuCard({ uuid: "GPU-406ddddd-4444", bus: 4, name: "NVIDIA GeForce RTX 4060", totalMib: 8188 });
const ti8 = gpuCard({ uuid: "GPU-406eeeee-5555", bus: 5, name: "NVIDIA GeForce RTX 4060 Ti", totalMib: 8188 });
const first3090 = gpuCard({ uuid: "GPU-3090aaaa-6666", bus: 6, name: "NVIDIA GeForce RTX 3090", totalMib: 24_576 });
const second3090 = gpuCard({ uuid: "GPU-3090bbbb-7777", bus: 7, name: "NVIDIA GeForce RTX 3090", totalMib: 24_576 });

const cardAt = (address: string | null) => ({ device: "", name: "", address, isIntegrated: false, totalBytes: 0 });

describe("CUDA_VISIBLE_DEVICES", () => {
  const cards = [rtx3060, rtx5090, first3090];
  it.each<[string | undefined, readonly (typeof rtx3060)[] | null]>([
    [undefined, cards],
    ["0", [rtx3060]],
    ["1", [rtx5090]],
    ["1,0", [rtx5090, rtx3060]],
    [" 2 , 0 ", [first3090, rtx3060]],
    // The list ends before the first entry that names no card.
    ["0,-1,1", [rtx3060]],
    ["-1", []],
    ["", []],
    ["NoDevFiles", []],
    ["7", []],
    ["0,7,1", [rtx3060]],
    ["0,x,1", [rtx3060]],
    ["0,,1", [rtx3060]],
    // Named twice: CUDA finds no device at all.
    ["0,0", []],
    ["1,0,1", []],
    ["GPU-5090bbbb-2222", [rtx5090]],
    ["GPU-5", [rtx5090]],
    ["gpu-5090BBBB", [rtx5090]],
    ["GPU-5090,GPU-30609", [rtx5090]],
    ["GPU-3090,GPU-3060", [first3090, rtx3060]],
    // Two cards have this beginning.
    ["GPU-30", []],
    ["GPU-", []],
    ["GPU-5090,0", [rtx5090, rtx3060]],
    ["MIG-aaaaaaaa-1", null],
    ["MIG-GPU-5090bbbb-2222/1/0", null],
  ])("%j", (visibleDevices, shown) => {
    expect(visibleCards(cards, { cuda: visibleDevices, cudaOrder: BY_BUS })).toEqual(shown);
  });

  it("by index means nothing outside of CUDA when it counts the fastest first; a UUID still does", () => {
    const cudaOrder = "FASTEST_FIRST";
    expect(visibleCards(cards, { cuda: "0", cudaOrder })).toBeNull();
    expect(visibleCards(cards, { cuda: "GPU-5090", cudaOrder })).toEqual([rtx5090]);
  });
});

const cuda = (devices: string[], totalMib: number) =>
  engineInfo({ backend: "cuda", devices, deviceTotalBytes: totalMib * MIB });
const vulkan = (devices: string[], totalMib: number) =>
  engineInfo({ backend: "vulkan", devices, deviceTotalBytes: totalMib * MIB });
const match = (info: ReturnType<typeof cuda>, cards: (typeof rtx3060)[], visibleDevices?: string, order = BY_BUS) =>
  matchCards(info, cards, { cuda: visibleDevices, cudaOrder: order });

describe("the engine's cards", () => {
  // What CUDA calls a card's total is a little less than the driver's: 11,910 of 12,288, 32,109 of 32,607 MiB.
  it("are those of the list on the bus: a 3060 before a 5090", () => {
    const both = [rtx3060, rtx5090];
    expect(match(cuda([rtx3060.name], 11_910), both, "0").cards).toEqual([rtx3060]);
    expect(match(cuda([rtx5090.name], 32_109), both, "1").cards).toEqual([rtx5090]);
    expect(match(cuda([rtx5090.name, rtx3060.name], 44_019), both, "1,0").cards).toEqual([rtx5090, rtx3060]);
  });

  it("are told by name and total where CUDA counts the fastest first: index 0 is the 5090 on bus 2", () => {
    expect(match(cuda([rtx5090.name], 32_109), [rtx3060, rtx5090], "0", "FASTEST_FIRST")).toEqual({
      cards: [rtx5090],
      note: null,
    });
  });

  it("under Vulkan have the exact name: a 4060 beside a 4060 Ti is not part of it", () => {
    const both = [rtx4060Ti, rtx4060];
    expect(match(vulkan([rtx4060Ti.name], 16_380), both).cards).toEqual([rtx4060Ti]);
    expect(match(vulkan([rtx4060.name], 8188), both).cards).toEqual([rtx4060]);
    expect(match(vulkan([rtx4060.name, rtx4060Ti.name], 24_568), both).cards).toEqual([rtx4060, rtx4060Ti]);
  });

  it("of one name are told apart by their total", () => {
    expect(match(vulkan([ti8.name], 8188), [rtx4060Ti, ti8]).cards).toEqual([ti8]);
    expect(match(vulkan([ti8.name], 16_380), [rtx4060Ti, ti8]).cards).toEqual([rtx4060Ti]);
  });

  it("are unknown where one of two 3090s is visible: the backend is believed, and it is said", () => {
    const { cards, note } = match(vulkan([first3090.name], 24_576), [first3090, second3090]);
    expect(cards).toBeNull();
    expect(note).toBe(
      "llama.cpp uses NVIDIA GeForce RTX 3090 with 24.00 GiB in all; this computer has NVIDIA GeForce RTX 3090 (24.00 GiB), NVIDIA GeForce RTX 3090 (24.00 GiB). Which of them is used cannot be told, so llama.cpp's own figures are planned with.",
    );
  });

  it("are both 3090s where both are visible", () => {
    const both = [first3090, second3090];
    expect(match(vulkan([first3090.name, second3090.name], 49_152), both).cards).toEqual(both);
  });

  it("are not those of the list where the backend tells other names or another total", () => {
    expect(match(cuda([rtx5090.name], 32_109), [rtx3060, rtx5090], "0").cards).toEqual([rtx5090]);
    const { cards, note } = match(cuda([rtx3060.name], 40_000), [rtx3060], "0");
    expect(cards).toBeNull();
    expect(note).toContain("39.06 GiB");
  });

  it("cannot be told for a part of a card: MIG", () => {
    const { cards, note } = match(cuda([rtx5090.name], 9728), [rtx5090], "MIG-aaaaaaaa-1");
    expect(cards).toBeNull();
    expect(note).toContain("llama.cpp's own figures");
  });

  it("leave out a card that is too old for CUDA, though the list is open", () => {
    const k40 = gpuCard({ uuid: "GPU-00000040-aaaa", bus: 0, name: "Tesla K40c", totalMib: 11_441 });
    expect(match(cuda([rtx3060.name], 11_910), [k40, rtx3060]).cards).toEqual([rtx3060]);
  });

  it("may be told with or without the maker's name", () => {
    const old = gpuCard({ uuid: "GPU-00000010-aaaa", bus: 0, name: "GeForce GTX 1080", totalMib: 8119 });
    expect(match(vulkan(["NVIDIA GeForce GTX 1080"], 8119), [old]).cards).toEqual([old]);
  });

  it("are unknown where CUDA tells a name that no card has, and it is said", () => {
    const { cards, note } = match(cuda(["NVIDIA H100 MIG 1g.10gb"], 9856), [rtx5090]);
    expect(cards).toBeNull();
    expect(note).toContain("llama.cpp uses NVIDIA H100 MIG 1g.10gb with 9.63 GiB in all");
  });

  it("may be a Jetson's, which its driver calls by another name", () => {
    const orin = { ...gpuCard({ uuid: "54f0a1b2-1111", bus: 0, name: "Orin (nvgpu)", totalMib: 0 }), memory: null };
    expect(match(cuda(["Orin"], 62_841), [orin]).cards).toEqual([orin]);
  });

  it("beside one that nobody reads are left to the backend, and there is nothing to say", () => {
    const info = vulkan(["NVIDIA GeForce RTX 3060 (NVK GA106)", ANV_UHD], 20_000);
    expect(matchCards(info, [uhd], { cuda: undefined, cudaOrder: BY_BUS })).toEqual({ cards: null, note: null });
  });

  it("of another maker are none of these, and there is nothing to say", () => {
    expect(match(vulkan(["AMD Radeon RX 7900"], 20_464), [rtx3060])).toEqual({ cards: null, note: null });
  });
});

const amdGpu = (words: Parameters<typeof gpuCard>[0]): GpuCard => ({ ...gpuCard(words), vendor: "amd" });
const xtx = amdGpu({ uuid: "GPU-7d4e0a3c9b1f5a26", bus: 3, name: "AMD Radeon RX 7900 XTX", totalMib: 24_560 });
const secondXtx = amdGpu({ uuid: "GPU-00000000000000aa", bus: 8, name: "AMD Radeon RX 7900 XTX", totalMib: 24_560 });
const xt = amdGpu({ uuid: "GPU-00000000000000bb", bus: 9, name: "AMD Radeon RX 7900 XT", totalMib: 20_464 });
const ryzen = {
  ...amdGpu({ uuid: "0000:1a:00.0", bus: 0, name: "AMD Radeon Graphics", totalMib: 0 }),
  memory: null,
  takesSystemMemory: true,
};
const arc = {
  ...amdGpu({ uuid: "0000:04:00.0", bus: 4, name: "Intel DG2 [Arc A770]", totalMib: 0 }),
  vendor: "intel" as const,
  memory: null,
};
const uhd = {
  ...arc,
  uuid: "0000:00:02.0",
  pciAddress: "0000:00:02.0",
  name: "Intel AlderLake-S GT1",
  takesSystemMemory: true,
};

const radv = (name: string, chip = "NAVI31") => `${name} (RADV ${chip})`;
const ANV_ARC = "Intel(R) Arc(tm) A770 Graphics (DG2)";
const ANV_UHD = "Intel(R) UHD Graphics 770 (ADL-S GT1)";

describe("H8 cards of all makers", () => {
  interface Case {
    readonly devices: readonly string[];
    readonly totalMib: number;
    readonly cards: readonly GpuCard[];
    readonly visible?: Partial<VisibleDevices>;
    readonly addresses?: readonly (string | null)[];
    readonly backend?: "cuda" | "vulkan";
    readonly used: readonly GpuCard[] | null;
  }
  it.each<[string, Case]>([
    ["one AMD card under Vulkan", { devices: [radv(xtx.name)], totalMib: 24_560, cards: [xtx], used: [xtx] }],
    [
      "AMD's own Vulkan driver has no chip in the name",
      { devices: [xtx.name], totalMib: 24_560, cards: [xtx, xt], used: [xtx] },
    ],
    ["an XT beside an XTX", { devices: [radv(xt.name)], totalMib: 20_464, cards: [xtx, xt], used: [xt] }],
    [
      "two like ones, both used",
      { devices: [radv(xtx.name), radv(xtx.name)], totalMib: 49_120, cards: [xtx, secondXtx], used: [xtx, secondXtx] },
    ],
    [
      "one of two like ones: nobody guesses",
      { devices: [radv(xtx.name)], totalMib: 24_560, cards: [xtx, secondXtx], visible: { vulkan: "1" }, used: null },
    ],
    [
      "one of two like ones, by its address",
      {
        devices: [radv(xtx.name)],
        totalMib: 24_560,
        cards: [xtx, secondXtx],
        addresses: ["0000:08:00.0"],
        used: [secondXtx],
      },
    ],
    [
      "CUDA's address in capitals, with a long domain",
      {
        backend: "cuda",
        devices: [second3090.name],
        totalMib: 24_259,
        cards: [first3090, second3090],
        addresses: ["00000000:07:00.0"],
        visible: { cudaOrder: "FASTEST_FIRST" },
        used: [second3090],
      },
    ],
    [
      "addresses go before numbers",
      {
        backend: "cuda",
        devices: [second3090.name],
        totalMib: 24_259,
        cards: [first3090, second3090],
        addresses: ["0000:07:00.0"],
        visible: { cuda: "0" },
        used: [second3090],
      },
    ],
    [
      "a card that llama.cpp uses as two devices",
      {
        backend: "cuda",
        devices: [first3090.name, first3090.name],
        totalMib: 48_518,
        cards: [first3090, second3090],
        addresses: ["0000:06:00.0", "0000:06:00.0-v1"],
        used: [first3090],
      },
    ],
    [
      "an address that no card has says nothing: names decide",
      { devices: [radv(xt.name)], totalMib: 20_464, cards: [xtx, xt], addresses: ["0000:99:00.0"], used: [xt] },
    ],
    [
      "a device without an address: names decide",
      { devices: [radv(xt.name)], totalMib: 20_464, cards: [xtx, xt], addresses: [null], used: [xt] },
    ],
    [
      "a processor's graphics beside a card are listed, but not used",
      {
        devices: [radv(xtx.name), radv(ryzen.name, "RAPHAEL_MENDOCINO")],
        totalMib: 56_000,
        cards: [xtx, ryzen],
        used: [xtx],
      },
    ],
    [
      "a processor's graphics alone are used",
      { devices: [radv(ryzen.name, "RAPHAEL_MENDOCINO")], totalMib: 32_000, cards: [ryzen], used: [ryzen] },
    ],
    ["Intel's, by the model's number", { devices: [ANV_ARC], totalMib: 16_288, cards: [uhd, arc], used: [arc] }],
    ["both of Intel's: the card", { devices: [ANV_ARC, ANV_UHD], totalMib: 48_000, cards: [uhd, arc], used: [arc] }],
    [
      "without any list of names: the maker's only card",
      {
        devices: [ANV_ARC],
        totalMib: 16_288,
        cards: [{ ...arc, name: "Intel graphics 8086:56a0" }, xtx],
        used: [{ ...arc, name: "Intel graphics 8086:56a0" }],
      },
    ],
    [
      "without any list of names, two cards of the maker: nobody guesses",
      {
        devices: [ANV_ARC],
        totalMib: 16_288,
        cards: [
          { ...arc, name: "Intel graphics 8086:56a0" },
          { ...arc, uuid: "0000:05:00.0", name: "Intel graphics 8086:56a1" },
        ],
        used: null,
      },
    ],
    [
      "NVIDIA's and AMD's together, in the engine's order",
      { devices: [radv(xtx.name), rtx3060.name], totalMib: 36_848, cards: [rtx3060, xtx], used: [xtx, rtx3060] },
    ],
    [
      "CUDA sees NVIDIA's only, also by number",
      {
        backend: "cuda",
        devices: [rtx3060.name],
        totalMib: 11_910,
        cards: [uhd, rtx3060, xtx],
        visible: { cuda: "0" },
        used: [rtx3060],
      },
    ],
    [
      "HIP calls itself CUDA",
      { backend: "cuda", devices: [xtx.name], totalMib: 24_560, cards: [rtx3060, xtx], used: [xtx] },
    ],
    [
      "ROCR_VISIBLE_DEVICES by UUID",
      {
        backend: "cuda",
        devices: [xtx.name],
        totalMib: 24_560,
        cards: [xtx, secondXtx],
        visible: { rocr: "GPU-00000000000000AA" },
        used: [secondXtx],
      },
    ],
    [
      "HIP_VISIBLE_DEVICES by UUID, before CUDA's",
      {
        backend: "cuda",
        devices: [xtx.name],
        totalMib: 24_560,
        cards: [xtx, secondXtx],
        visible: { hip: xtx.uuid, cuda: secondXtx.uuid },
        used: [xtx],
      },
    ],
    [
      "CUDA_VISIBLE_DEVICES counts for HIP where HIP's own is missing",
      {
        backend: "cuda",
        devices: [xtx.name],
        totalMib: 24_560,
        cards: [xtx, secondXtx],
        visible: { cuda: secondXtx.uuid },
        used: [secondXtx],
      },
    ],
    [
      "HIP_VISIBLE_DEVICES by number between like cards: nobody guesses",
      {
        backend: "cuda",
        devices: [xtx.name],
        totalMib: 24_560,
        cards: [xtx, secondXtx],
        visible: { hip: "1" },
        used: null,
      },
    ],
    [
      "HIP_VISIBLE_DEVICES by number between different cards: the name decides",
      { backend: "cuda", devices: [xt.name], totalMib: 20_464, cards: [xtx, xt], visible: { hip: "0" }, used: [xt] },
    ],
    [
      "GGML_VK_VISIBLE_DEVICES with one twice is not two cards",
      {
        devices: [radv(xtx.name), radv(xtx.name)],
        totalMib: 49_120,
        cards: [xtx, secondXtx],
        visible: { vulkan: "0,0" },
        used: null,
      },
    ],
    [
      "GGML_VK_VISIBLE_DEVICES in another order",
      {
        devices: [radv(xt.name), radv(xtx.name)],
        totalMib: 45_024,
        cards: [xtx, xt],
        visible: { vulkan: "1,0" },
        used: [xt, xtx],
      },
    ],
  ])("%s", (_what, { devices, totalMib, cards, visible = {}, addresses, backend = "vulkan", used }) => {
    const info = engineInfo({
      backend,
      devices: [...devices],
      deviceTotalBytes: totalMib * MIB,
      ...(addresses && { placement: { kind: "ready", cards: addresses.map(cardAt) } }),
    });
    const match = matchCards(info, cards, { cuda: undefined, cudaOrder: BY_BUS, ...visible });
    expect(match.cards).toEqual(used);
    expect(match.note === null).toBe(used !== null);
  });
});
