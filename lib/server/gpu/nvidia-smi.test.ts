import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Timers } from "@/lib/server/system/timers";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { NvidiaSmi, withToolFolder } from "./nvidia-smi";
import { parseGpuLine, parseProcessLine } from "./nvidia-smi-lines";

const MIB = 1024 * 1024;
/** As printed by driver 550 for the card of planner.md: 8192 MiB, 857 used. */
const P4000 =
  "00000000:B3:00.0, GPU-5a2c1f7e-1111-2222-3333-444455556666, Quadro P4000, 550.54.14, 8192, 857, 7335, 12, 41, 30.52";

describe("where nvidia-smi is looked for", () => {
  it.each([
    ["linux", { PATH: "/usr/bin" }, "/usr/bin"],
    ["win32", { PATH: "C:\\Windows\\System32" }, "C:\\Windows\\System32;C:\\Program Files\\NVIDIA Corporation\\NVSMI"],
    ["win32", { PATH: "C:\\a", ProgramFiles: "D:\\Programs" }, "C:\\a;D:\\Programs\\NVIDIA Corporation\\NVSMI"],
    ["win32", {}, "C:\\Program Files\\NVIDIA Corporation\\NVSMI"],
  ] as const)("on %s with %j", (platform, env, path) => {
    expect(withToolFolder(env, platform).PATH).toBe(path);
  });
});

describe("one line of nvidia-smi", () => {
  it("is read with units", () => {
    expect(parseGpuLine(P4000)).toEqual({
      vendor: "nvidia",
      uuid: "GPU-5a2c1f7e-1111-2222-3333-444455556666",
      pciAddress: "0000:b3:00.0",
      name: "Quadro P4000",
      driverVersion: "550.54.14",
      memory: { totalBytes: 8192 * MIB, usedBytes: 857 * MIB, freeBytes: 7335 * MIB },
      takesSystemMemory: false,
      utilizationPercent: 12,
      temperatureCelsius: 41,
      powerWatts: 30.52,
    });
  });

  it("a comma in the card's name shifts nothing", () => {
    expect(parseGpuLine(P4000.replace("Quadro P4000", "Card, with comma"))).toMatchObject({
      name: "Card, with comma",
      memory: { totalBytes: 8192 * MIB },
    });
  });

  const withField = (index: number, value: string): string =>
    P4000.split(", ")
      .map((field, at) => (at === index ? value : field))
      .join(", ");

  it.each([
    "[N/A]",
    "[Not Supported]",
    "[Unknown Error]",
    "ERR!",
    "[GPU is lost]",
    "",
    "-1",
    "8192.5 MiB",
    "8.192",
    "1e4",
    "NaN",
    "99999999999999999999",
    "0x2000",
    "８１９２",
  ])("H3 %j in place of a number is unknown, never a wrong one", value => {
    expect(parseGpuLine(withField(4, value))?.memory).toBeNull();
    expect(parseGpuLine(withField(5, value))?.memory).toBeNull();
  });

  it.each(["[N/A]", "ERR!", "", "-1", "101", "12,5", "NaN"])("H3 a utilisation of %j is unknown", value => {
    expect(parseGpuLine(withField(7, value))?.utilizationPercent ?? null).toBeNull();
  });

  it.each([
    ["used and free above the total", withField(5, "2000")],
    ["a total of nothing", withField(4, "0")],
  ])("H3 %s is unknown memory", (_what, line) => {
    expect(parseGpuLine(line)?.memory).toBeNull();
  });

  it.each([
    "",
    "No devices were found",
    "Failed to initialize NVML: Driver/library version mismatch",
    "pci.bus_id, uuid, name, driver_version, memory.total [MiB], memory.used [MiB], a, b, c, d",
    "<html><body>proxy error</body></html>",
    "0, GPU-1, x",
    ", , , , , , , , , ",
    "\u0000\u0001\u0002",
    `${"9,".repeat(5000)}`,
    "nan, nan, nan, nan, nan, nan, nan, nan, nan, nan",
  ])("H3 %j is no card", line => {
    expect(parseGpuLine(line)).toBeNull();
  });

  it("S15 control characters in a card's name stay on one line", () => {
    expect(parseGpuLine(P4000.replace("Quadro", "\u001b[31mQuadro"))?.name).toBe("\\u001b[31mQuadro P4000");
  });

  it("a chip without memory of its own says so; an error in its place does not", () => {
    const gb10 = "0000000F:01:00.0, GPU-6b2c1f7e-1111, NVIDIA GB10, 580.95.05, [N/A], [N/A], [N/A], 3, 44, 11.20";
    expect(parseGpuLine(gb10)).toMatchObject({ name: "NVIDIA GB10", memory: null, takesSystemMemory: true });
    const orin =
      "[N/A], 54f0a1b2-1111-2222-3333-444455556666, Orin (nvgpu), 540.3.0, [N/A], [N/A], [N/A], [N/A], [N/A], [N/A]";
    expect(parseGpuLine(orin)).toMatchObject({ name: "Orin (nvgpu)", pciAddress: null, takesSystemMemory: true });
    expect(parseGpuLine(gb10.replaceAll("[N/A]", "[Unknown Error]"))).toMatchObject({ takesSystemMemory: false });
    expect(parseGpuLine(withField(5, "[N/A]"))).toMatchObject({ memory: null, takesSystemMemory: false });
  });

  it("a process is read with its card, and one without numbers is not", () => {
    expect(parseProcessLine("GPU-5a2c1f7e-1111, 4242, /usr/bin/python3, 2048")).toEqual({
      cardUuid: "GPU-5a2c1f7e-1111",
      pid: 4242,
      name: "/usr/bin/python3",
      usedBytes: 2048 * MIB,
    });
    for (const line of [
      "GPU-5a2c1f7e-1111, 4242, C:\\game.exe, [N/A]",
      "GPU-5a2c1f7e-1111, [N/A], x, 5",
      "4242, x, 5",
      "",
      "no, 5",
    ])
      expect(parseProcessLine(line)).toBeNull();
  });
});

describe("a stand-in nvidia-smi", () => {
  /** How long a busy machine may need until a line is read or a process has ended. */
  const PATIENCE = { timeout: 15_000, interval: 20 };
  let folder: string;
  let smi: NvidiaSmi;
  let starts: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "headroom-smi-"));
    starts = join(folder, "starts");
  });
  afterEach(() => {
    smi.close();
  });

  /** Puts a program of this name in front of the PATH; `gpu` is its card query, `apps` its process query. */
  function standIn(gpu: string, apps = "exit 0", timers?: Timers): NvidiaSmi {
    const path = join(folder, "nvidia-smi");
    writeFileSync(path, `#!/bin/sh\ncase "$1" in\n--query-gpu=*) echo $$ >> ${starts}; ${gpu};;\n*) ${apps};;\nesac\n`);
    chmodSync(path, 0o755);
    smi = new NvidiaSmi({ env: { PATH: `${folder}:${process.env.PATH}` }, ...(timers && { timers }) });
    return smi;
  }
  const startedPids = (): number[] =>
    existsSync(starts) ? readFileSync(starts, "utf8").trim().split("\n").map(Number) : [];
  const isAlive = (pid: number): boolean => {
    try {
      // A zombie that no process waits for is dead.
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  const allEnded = () => expect.poll(() => startedPids().filter(isAlive), PATIENCE).toEqual([]);
  const becomes = (reader: NvidiaSmi, reading: object) =>
    expect.poll(async () => (await reader.read()) as object, PATIENCE).toMatchObject(reading);
  const printing = (line: string): string => `while :; do echo "${line}"; sleep 0.2; done`;

  it("is read while it runs, and started once for many readers", async () => {
    const reader = standIn(printing(P4000), 'echo "GPU-5a2c1f7e-1111, 77, /usr/bin/game, 4096"; sleep 5');
    const readings = await Promise.all([reader.read(), reader.read(), reader.read()]);
    for (const reading of readings)
      expect(reading).toMatchObject({
        kind: "read",
        cards: [{ name: "Quadro P4000", memory: { freeBytes: 7335 * MIB } }],
      });
    await becomes(reader, { processes: [{ pid: 77, usedBytes: 4096 * MIB }] });
    expect(startedPids()).toHaveLength(1);
  });

  const SECOND = P4000.replace("B3:00.0, GPU-5a", "03:00.0, GPU-6b").replace("Quadro P4000", "GeForce RTX 3090");

  it("several cards are all told, in the order of the bus", async () => {
    const reader = standIn(`while :; do echo "${P4000}"; echo "${SECOND}"; sleep 0.2; done`);
    await reader.read();
    await becomes(reader, {
      cards: [
        { pciAddress: "0000:03:00.0", name: "GeForce RTX 3090" },
        { pciAddress: "0000:b3:00.0", name: "Quadro P4000" },
      ],
    });
  });

  it("one process on two cards is told for each", async () => {
    const apps = 'echo "GPU-5a2c1f7e-1111, 77, node, 10000"; echo "GPU-6b2c1f7e-1111, 77, node, 9000"; sleep 5';
    const reader = standIn(printing(P4000), apps);
    await reader.read();
    await becomes(reader, { processes: [{ usedBytes: 10_000 * MIB }, { usedBytes: 9000 * MIB }] });
  });

  it.each([
    ["after the cards", [P4000, SECOND, "WARNING: infoROM is corrupted at gpu 0000:B3:00.0"]],
    ["before them", ["WARNING: infoROM is corrupted at gpu 0000:B3:00.0", P4000, SECOND]],
    [
      "for a third that is lost",
      [P4000, "Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.", SECOND],
    ],
  ])("a warning %s costs no card", async (_where, lines) => {
    const reader = standIn(`while :; do ${lines.map(line => `echo "${line}"`).join("; ")}; sleep 0.2; done`);
    await reader.read();
    // Long enough for the warning to come again.
    await new Promise(resolve => setTimeout(resolve, 500));
    await becomes(reader, {
      kind: "read",
      cards: [{ name: "GeForce RTX 3090" }, { name: "Quadro P4000" }],
    });
  });

  it("H1 none on the PATH is an answer", async () => {
    smi = new NvidiaSmi({ env: { PATH: folder } });
    expect(await smi.read()).toMatchObject({ kind: "unknown", failure: "missing" });
  });

  it("H2 one that hangs and ignores SIGTERM is given up after 3 s, killed with its children, and not started again at once", async () => {
    const reader = standIn(`trap "" TERM INT; sleep 60 & echo $! >> ${starts}; wait; sleep 60`);
    const startedAt = performance.now();
    expect(await reader.read()).toMatchObject({ kind: "unknown", failure: "silent" });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await reader.read()).toMatchObject({ failure: "silent" });
    await allEnded();
    expect(startedPids()).toHaveLength(2);
  });

  it.each([
    ["Failed to initialize NVML: Driver/library version mismatch", "driver"],
    ["NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.", "driver"],
    ["No devices were found", "driver"],
    ["Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.", "driver"],
    ["Fehler: Treiber nicht geladen", "unreadable"],
    ["Segmentation fault", "unreadable"],
    ["", "unreadable"],
  ])("H3 %j is unknown, with what it said", async (said, failure) => {
    const reader = standIn(`echo "${said}"; exit 9`);
    expect(await reader.read()).toMatchObject({ kind: "unknown", failure, said });
  });

  it("one that failed is started again after 5 s, and every 20 s while it goes on failing", async () => {
    const timers = new ManualTimers();
    const reader = standIn("exit 9", "exit 0", timers);
    await reader.read();
    const startsAfter = async (seconds: number) => {
      await timers.advance(seconds * 1000);
      await reader.read();
      return startedPids().length;
    };
    expect([await startsAfter(4.9), await startsAfter(0.1)]).toEqual([1, 2]);
    expect([await startsAfter(19.9), await startsAfter(0.1)]).toEqual([2, 3]);
  });

  it("H3 a flood without a line break is stopped", async () => {
    const reader = standIn("cat /dev/zero");
    expect(await reader.read()).toMatchObject({ kind: "unknown", failure: "unreadable" });
    await allEnded();
  });

  it("H3 binary garbage is unknown", async () => {
    const reader = standIn("head -c 3000 /dev/urandom; echo; exit 0");
    expect(await reader.read()).toMatchObject({ kind: "unknown" });
  });

  it("H4 a card that vanishes is unknown from then on", async () => {
    const reader = standIn(`echo "${P4000}"; sleep 0.5; echo "[GPU is lost]"; exit 15`);
    expect(await reader.read()).toMatchObject({ kind: "read" });
    await becomes(reader, { kind: "unknown", failure: "driver", said: "[GPU is lost]" });
  });

  it.each(["GPU0000:03:00.0: GPU is lost.", "GPU 0000:03:00.0: Unknown Error"])(
    "H4 one of two cards is lost (%s): the other is still read, by its name",
    async words => {
      const reader = standIn(`case "$*" in
  *"-i GPU-5a2c1f7e-1111-2222-3333-444455556666"*) while :; do echo "${P4000}"; sleep 0.2; done ;;
esac
echo "${P4000}"; echo "${SECOND}"; sleep 0.4; echo "Unable to determine the device handle for ${words}"; exit 15`);
      await becomes(reader, { cards: [{}, {}] });
      await becomes(reader, { kind: "read", cards: [parseGpuLine(P4000)] });
    },
  );

  it("H4 a card whose line says that it is lost is not in the list", () => {
    const lost = SECOND.replace("8192, 857, 7335, 12, 41, 30.52", Array(6).fill("[GPU is lost]").join(", "));
    expect(parseGpuLine(lost)).toBeNull();
  });

  it("S16 it is not given our tokens", async () => {
    const seen = join(folder, "env");
    standIn(`env > ${seen}; ${printing(P4000)}`).close();
    const env = { PATH: `${folder}:${process.env.PATH}`, HF_TOKEN: "canary-1", HEADROOM_TOKEN: "canary-2" };
    smi = new NvidiaSmi({ env });
    await smi.read();
    expect(readFileSync(seen, "utf8")).not.toContain("canary");
  });

  it("ends with its reader, leaving no process behind", async () => {
    const reader = standIn(printing(P4000), "sleep 60");
    await reader.read();
    reader.close();
    await allEnded();
    expect(execFileSync("ps", ["ax", "-o", "args"], { encoding: "utf8" })).not.toContain(folder);
  });
});
