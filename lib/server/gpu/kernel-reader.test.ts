import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { GIB } from "@/lib/units/bytes";
import { amdCard } from "./amd-card";
import type { CardsReading, GpuCard } from "./gpu-reader";
import { intelCards, wattsBetween } from "./intel-card";
import { readAll } from "./join-readings";
import { KernelReader } from "./kernel-reader";
import {
  arcB580,
  type DrmDevice,
  flex170,
  instinct,
  nameLists,
  quadro,
  rx7900Xtx,
  ryzenGraphics,
  SysfsTree,
  type Tree,
  uhd770,
  withFiles,
  withoutFiles,
} from "./testing/sysfs-trees";

let tree: SysfsTree;
afterEach(() => tree.remove());

function amdReader(devices: readonly DrmDevice[], files: Tree = nameLists): KernelReader {
  tree = new SysfsTree(devices, files);
  return new KernelReader({ vendor: "amd", root: tree.root, readCard: amdCard });
}

function intelReader(devices: readonly DrmDevice[], timers = new ManualTimers(), files: Tree = nameLists) {
  tree = new SysfsTree(devices, files);
  return new KernelReader({ vendor: "intel", root: tree.root, readCard: intelCards(), timers });
}

const cardsIn = (reading: CardsReading): readonly GpuCard[] => (reading.kind === "read" ? reading.cards : []);
const cardsOf = async (reader: KernelReader) => cardsIn(await reader.read());
const cardOf = async (device: DrmDevice) => (await cardsOf(amdReader([device])))[0];

describe("AMD cards by the kernel", () => {
  it("are read with units, and named as Mesa and ROCm name them", async () => {
    expect(await cardsOf(amdReader([rx7900Xtx]))).toEqual([
      {
        vendor: "amd",
        uuid: "GPU-7d4e0a3c9b1f5a26",
        pciAddress: "0000:03:00.0",
        name: "AMD Radeon RX 7900 XTX",
        driverVersion: null,
        // 25753026560 - 2147483648
        memory: { totalBytes: 25_753_026_560, usedBytes: 2 * GIB, freeBytes: 23_605_542_912 },
        takesSystemMemory: false,
        utilizationPercent: 37,
        temperatureCelsius: 48,
        powerWatts: 61,
      },
    ]);
  });

  it("an integrated one takes system memory: its 512 MiB are not what programs can get", async () => {
    const [dedicated, integrated] = await cardsOf(amdReader([rx7900Xtx, ryzenGraphics]));
    expect(dedicated).toMatchObject({ name: "AMD Radeon RX 7900 XTX", takesSystemMemory: false });
    expect(integrated).toMatchObject({
      name: "AMD Radeon Graphics",
      uuid: "0000:1a:00.0",
      memory: null,
      takesSystemMemory: true,
      utilizationPercent: 0,
      powerWatts: 12.345,
    });
  });

  it.each<[string, DrmDevice, Tree, string]>([
    ["its own name", instinct, nameLists, "AMD Instinct MI210"],
    ["AMD's list", withFiles(rx7900Xtx, { revision: "0xcc\n" }), nameLists, "AMD Radeon RX 7900 XT"],
    [
      "the list of all devices, where AMD's lacks the revision",
      withFiles(rx7900Xtx, { revision: "0x99\n" }),
      nameLists,
      "AMD Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]",
    ],
    ["its numbers, without any list", rx7900Xtx, {}, "AMD graphics 1002:744c"],
  ])("are named by %s", async (_by, device, lists, name) => {
    expect((await cardsOf(amdReader([device], lists)))[0]?.name).toBe(name);
  });

  it("of one kind stay apart by address and number", async () => {
    const second = withFiles(rx7900Xtx, { unique_id: "00000000000000aa\n", gpu_busy_percent: "99\n" }, "0000:83:00.0");
    expect(await cardsOf(amdReader([rx7900Xtx, second]))).toMatchObject([
      { pciAddress: "0000:03:00.0", uuid: "GPU-7d4e0a3c9b1f5a26", utilizationPercent: 37 },
      { pciAddress: "0000:83:00.0", uuid: "GPU-00000000000000aa", utilizationPercent: 99 },
    ]);
  });

  it("of other makers are left to their readers", async () => {
    expect(await cardsOf(amdReader([quadro, uhd770, rx7900Xtx]))).toHaveLength(1);
  });

  it.each(["", "\n", "N/A", "-1", "0x10", "1e9", "8.192", "99999999999999999999", "\u0000\u0001", "<html>"])(
    "H3 %j in place of a number is unknown, never a wrong one",
    async garbage => {
      const files = [
        "mem_info_vram_used",
        "gpu_busy_percent",
        "hwmon/hwmon4/temp1_input",
        "hwmon/hwmon4/power1_average",
      ].map(name => [name, garbage]);
      expect(await cardOf(withFiles(rx7900Xtx, Object.fromEntries(files)))).toMatchObject({
        name: "AMD Radeon RX 7900 XTX",
        memory: null,
        utilizationPercent: null,
        temperatureCelsius: null,
        powerWatts: null,
      });
    },
  );

  it("H3 more used than there is, a total of nothing, and 101 % are unknown", async () => {
    expect((await cardOf(withFiles(rx7900Xtx, { mem_info_vram_used: "25753026561" })))?.memory).toBeNull();
    expect((await cardOf(withFiles(rx7900Xtx, { mem_info_vram_total: "0" })))?.memory).toBeNull();
    expect((await cardOf(withFiles(rx7900Xtx, { gpu_busy_percent: "101" })))?.utilizationPercent).toBeNull();
  });

  it.each([
    ["mem_info_vram_used", { memory: null, utilizationPercent: 37 }],
    ["gpu_busy_percent", { utilizationPercent: null, temperatureCelsius: 48 }],
    ["hwmon/hwmon4/power1_average", { powerWatts: null, temperatureCelsius: 48 }],
    ["unique_id", { uuid: "0000:03:00.0" }],
    ["power/runtime_status", { temperatureCelsius: 48 }],
  ])("a missing %s takes nothing else with it", async (name, rest) => {
    expect(await cardOf(withoutFiles(rx7900Xtx, name))).toMatchObject(rest);
  });

  it("a file that may not be read, and a folder in its place, are like a missing one", async () => {
    const reader = amdReader([withoutFiles(rx7900Xtx, "gpu_busy_percent")]);
    chmodSync(join(tree.deviceFolder(rx7900Xtx), "mem_info_vram_used"), 0o000);
    mkdirSync(join(tree.deviceFolder(rx7900Xtx), "gpu_busy_percent"));
    const [card] = await cardsOf(reader);
    expect(card).toMatchObject({ utilizationPercent: null, temperatureCelsius: 48 });
    // A superuser may read every file.
    if (process.getuid?.() !== 0) expect(card?.memory).toBeNull();
  });

  it("a card that sleeps is not woken for its sensors; its memory is read", async () => {
    const asleep = withFiles(rx7900Xtx, { "power/runtime_status": "suspended\n" });
    expect(await cardOf(asleep)).toMatchObject({
      memory: { totalBytes: 25_753_026_560 },
      utilizationPercent: null,
      temperatureCelsius: null,
      powerWatts: null,
    });
  });

  it("H4 a card that vanishes between two readings is not in the second, and the other stays", async () => {
    const second = withFiles(rx7900Xtx, { unique_id: "00000000000000aa\n" }, "0000:83:00.0");
    const reader = amdReader([rx7900Xtx, second]);
    expect(await cardsOf(reader)).toHaveLength(2);
    tree.vanish(rx7900Xtx, 0);
    expect((await cardsOf(reader)).map(({ uuid }) => uuid)).toEqual(["GPU-00000000000000aa"]);
    tree.vanish(second, 1);
    expect(await reader.read()).toMatchObject({ kind: "read", cards: [] });
  });

  it("without any, or without the kernel's folder, there is nothing to read", async () => {
    expect(await amdReader([quadro]).read()).toMatchObject({ kind: "unknown", failure: "missing" });
    rmSync(join(tree.root, "sys"), { recursive: true });
    expect(await new KernelReader({ vendor: "amd", root: tree.root, readCard: amdCard }).read()).toMatchObject({
      failure: "missing",
    });
  });

  it("S15 control characters in a name stay on one line", async () => {
    expect((await cardOf(withFiles(instinct, { product_name: "MI\u001b[31m210" })))?.name).toBe("MI\\u001b[31m210");
  });

  it("H2 a file that hangs makes the reading unknown, is not read a second time meanwhile, and the reader recovers", async () => {
    const timers = new ManualTimers();
    tree = new SysfsTree([withoutFiles(rx7900Xtx, "gpu_busy_percent")], nameLists);
    const path = join(tree.deviceFolder(rx7900Xtx), "gpu_busy_percent");
    // Nobody writes into it: opening it waits.
    execFileSync("mkfifo", [path]);
    const reader = new KernelReader({ vendor: "amd", root: tree.root, readCard: amdCard, timers });
    for (let attempt = 0; attempt < 8; attempt++) {
      const reading = reader.read();
      await timers.advance(2_000);
      expect(await reading).toMatchObject({ kind: "unknown", failure: "silent" });
    }
    // One writer ends all that wait: a second read would wait for another.
    const last = reader.read();
    await writeFile(path, "5\n");
    expect(await last).toMatchObject({ kind: "read", cards: [{ utilizationPercent: 5 }] });
  });
});

describe("Intel cards by the kernel", () => {
  it("have a name, a temperature and power from two readings; no load, and no memory without its used part", async () => {
    const timers = new ManualTimers();
    const reader = intelReader([arcB580], timers);
    expect(await cardsOf(reader)).toMatchObject([
      {
        name: "Intel Battlemage G21 [Arc B580]",
        uuid: "0000:04:00.0",
        memory: null,
        takesSystemMemory: false,
        utilizationPercent: null,
        temperatureCelsius: 44,
        powerWatts: null,
      },
    ]);
    // 55 J in a second are 55 W.
    tree.write(arcB580, { "hwmon/hwmon3/energy1_input": "5055000000\n" });
    await timers.advance(1_000);
    expect((await cardsOf(reader))[0]?.powerWatts).toBe(55);
  });

  it("on bus 0 are the processor's own", async () => {
    expect(await cardsOf(intelReader([uhd770, arcB580]))).toMatchObject([
      { name: "Intel AlderLake-S GT1", takesSystemMemory: true },
      { takesSystemMemory: false },
    ]);
  });

  it("tell their memory where the kernel tells both sizes of it", async () => {
    expect(await cardsOf(intelReader([flex170]))).toMatchObject([
      {
        name: "Intel ATS-M [Data Center GPU Flex 170]",
        memory: { totalBytes: 16 * GIB, freeBytes: 12 * GIB, usedBytes: 4 * GIB },
        temperatureCelsius: 51,
      },
    ]);
    tree.remove();
    const half = { ...flex170, drmFiles: { lmem_total_bytes: "17179869184\n" } };
    expect(await cardsOf(intelReader([half]))).toMatchObject([{ memory: null }]);
  });

  it.each([
    ["the first reading", undefined, { microjoules: 5, atMs: 0 }],
    ["a counter that started over", { microjoules: 9, atMs: 0 }, { microjoules: 5, atMs: 1000 }],
    ["no time between", { microjoules: 5, atMs: 7 }, { microjoules: 9, atMs: 7 }],
    ["a minute between", { microjoules: 0, atMs: 0 }, { microjoules: 60_000_000, atMs: 60_000 }],
    ["more than any card draws", { microjoules: 0, atMs: 0 }, { microjoules: 9_000_000_000, atMs: 1000 }],
  ])("have no power from %s", (_what, before, now) => {
    expect(wattsBetween(before, now)).toBeNull();
  });
});

describe("cards of several makers", () => {
  const nvidiaCard = { uuid: "GPU-5a2c1f7e-1111", pciAddress: "0000:02:00.0" };
  const nvidia = (reading: CardsReading) => ({
    vendor: "nvidia" as const,
    read: async () => reading,
    watch: () => () => {},
    close: () => {},
  });
  const readers = (reading: CardsReading) => {
    const amd = amdReader([rx7900Xtx, arcB580, uhd770]);
    return [
      nvidia(reading),
      amd,
      new KernelReader({ vendor: "intel", root: tree.root, readCard: intelCards() }),
    ] as const;
  };

  it("are one list in bus order", async () => {
    const [smi, amd, intel] = readers({
      kind: "read",
      cards: [{ ...(await cardOf(rx7900Xtx)), ...nvidiaCard } as GpuCard],
      processes: [],
      atMs: 7,
    });
    const all = await readAll([smi, amd, intel]);
    expect(all.cards.map(({ pciAddress }) => pciAddress)).toEqual([
      "0000:00:02.0",
      "0000:02:00.0",
      "0000:03:00.0",
      "0000:04:00.0",
    ]);
    expect(all.answered).toEqual(["nvidia", "amd", "intel"]);
    expect(all.atMs).toBe(7);
  });

  it("are those of the readers that answer; the others say why", async () => {
    const silent: CardsReading = { kind: "unknown", failure: "silent", said: "" };
    const all = await readAll(readers(silent));
    expect(all.cards).toHaveLength(3);
    expect(all.answered).toEqual(["amd", "intel"]);
    expect(all.nvidia).toEqual(silent);
  });
});
