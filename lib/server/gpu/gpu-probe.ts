import { learnOverhead } from "@/lib/plan/learn-overhead";
import type { EngineInfo, Vram } from "@/lib/schema/engine-messages";
import type { GpuMemory, GpuReport } from "@/lib/schema/gpu-memory";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { Receipt } from "@/lib/schema/receipt";
import { GIB } from "@/lib/units/bytes";
import { explainAbsence, type MachineFacts } from "./gpu-absence";
import type { NvidiaGpu, NvidiaReading, NvidiaSmi } from "./nvidia-smi";

/** Where a card can be used but its memory cannot be read: small enough to fit nearly every card still in use. */
const ASSUMED_TOTAL_BYTES = 4 * GIB;
const ASSUMED_USED_BYTES = 1 * GIB;
/** A second reading within this time is the same one. */
const KEEP_MS = 500;

/** The engine as far as memory goes. */
export interface ProbedEngine {
  readonly pid: number | null;
  snapshot(): EngineSnapshot;
  start(): Promise<EngineInfo>;
  vram(): Promise<Vram | null>;
}

interface GpuProbeOptions {
  readonly engine: ProbedEngine;
  readonly nvidia: Pick<NvidiaSmi, "read" | "watch" | "close">;
  /** What loads so far have shown of the memory outside llama.cpp's buffers. */
  readonly receipts: { all(): readonly Receipt[] };
  readonly gpuChoice: string;
  readonly machine: () => MachineFacts;
  /** CUDA_VISIBLE_DEVICES, as the engine sees it. */
  readonly visibleDevices: string | undefined;
  readonly now?: () => number;
}

/** The device before anyone's budget: what one source told about it. */
type Device = Omit<GpuMemory, "overhead">;

export const SOFTWARE_DEVICE = /llvmpipe|lavapipe|swiftshader|software/i;
/** States in which a question to the engine does not start a child. */
const aliveStates: readonly EngineSnapshot["state"][] = ["ready", "loading", "loaded", "generating"];

/** The one place that knows what the graphics card holds and for whom. Never throws: not knowing is a result. */
export class GpuProbe {
  readonly #options: GpuProbeOptions;
  readonly #now: () => number;
  #vram: { readonly vram: Vram; readonly heldBytes: number } | null = null;
  #machine: MachineFacts | null = null;
  #kept: { readonly report: Promise<GpuReport>; readonly atMs: number } | null = null;

  constructor(options: GpuProbeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Starts the engine if it never ran: only it can tell whether llama.cpp can use the card. */
  read(): Promise<GpuReport> {
    if (this.#kept && this.#now() - this.#kept.atMs < KEEP_MS) return this.#kept.report;
    const report = this.#read();
    this.#kept = { report, atMs: this.#now() };
    return report;
  }

  /** Keeps nvidia-smi running between readings. */
  watch(): () => void {
    return this.#options.nvidia.watch();
  }

  close(): void {
    this.#options.nvidia.close();
  }

  async #read(): Promise<GpuReport> {
    const { engine, nvidia, gpuChoice } = this.#options;
    if (gpuChoice === "off") return this.#report(null, null, unread);
    const info = engine.snapshot().info ?? (await engine.start().catch(() => null));
    const reading = info?.backend === "metal" ? unread : await nvidia.read();
    return this.#report(info, info?.gpuUsable ? await this.#device(info, reading) : null, reading);
  }

  async #device(info: EngineInfo, reading: NvidiaReading): Promise<Device> {
    const cards = reading.kind === "read" ? this.#cardsOf(info, reading.gpus) : [];
    const heldBytes = this.#heldBytes(reading);
    const told = nvidiaDevice(info, cards, heldBytes);
    if (told) return told;
    await this.#readVram(heldBytes);
    return vramDevice(info, this.#vramNow(heldBytes), heldBytes) ?? assumedDevice(info);
  }

  /** While the engine is stopped the last reading stays, without what it held: asking would start a child. */
  async #readVram(heldBytes: number): Promise<void> {
    const { engine } = this.#options;
    if (!aliveStates.includes(engine.snapshot().state)) return;
    const vram = await engine.vram().catch(() => null);
    if (vram) this.#vram = { vram, heldBytes };
  }

  #vramNow(heldBytes: number): Vram | null {
    if (this.#vram === null || heldBytes > 0) return this.#vram?.vram ?? null;
    const { vram, heldBytes: releasedBytes } = this.#vram;
    return { ...vram, usedBytes: Math.max(0, vram.usedBytes - releasedBytes) };
  }

  /** The cards that the engine uses: all visible ones under CUDA, which pools them; those of the same name under Vulkan. */
  #cardsOf(info: EngineInfo, gpus: readonly NvidiaGpu[]): readonly NvidiaGpu[] {
    const { visibleDevices } = this.#options;
    if (info.backend === "vulkan") return gpus.filter(gpu => info.devices.some(device => device.includes(gpu.name)));
    if (info.backend !== "cuda" || !visibleDevices) return info.backend === "cuda" ? gpus : [];
    const wanted = visibleDevices.split(",").map(name => name.trim());
    return gpus.filter(gpu =>
      wanted.some(name => name === String(gpu.index) || (name !== "" && gpu.uuid.startsWith(name))),
    );
  }

  /** The driver's own count for our process where it tells; otherwise what the load reported. */
  #heldBytes(reading: NvidiaReading): number {
    const { engine } = this.#options;
    const processes = reading.kind === "read" ? reading.processes : [];
    const own = processes.find(({ pid }) => pid === engine.pid);
    return own?.usedBytes ?? engine.snapshot().held?.totalBytes ?? 0;
  }

  #report(info: EngineInfo | null, device: Device | null, reading: NvidiaReading): GpuReport {
    const { gpuChoice, receipts } = this.#options;
    this.#machine ??= this.#options.machine();
    const absence =
      device === null ? explainAbsence({ gpuChoice, info, nvidia: reading, machine: this.#machine }) : null;
    const card = reading.kind === "read" ? reading.gpus[0] : undefined;
    const driverVersion = card?.driverVersion ?? null;
    const overheadOf = { device: device?.name ?? "", driverVersion, backend: device?.backend ?? "none" } as const;
    return {
      memory: device && { ...device, overhead: learnOverhead(receipts.all(), overheadOf) },
      reason: absence?.reason ?? (device?.source === "assumed" ? ASSUMED_REASON : null),
      remedy: absence?.remedy ?? null,
      driverVersion,
      devices: info?.devices ?? [],
      utilizationPercent: card?.utilizationPercent ?? null,
      temperatureCelsius: card?.temperatureCelsius ?? null,
      powerWatts: card?.powerWatts ?? null,
      processes: reading.kind === "read" ? [...reading.processes] : [],
      readAtMs: device?.source === "nvidia-smi" && reading.kind === "read" ? reading.atMs : this.#now(),
    };
  }
}

const unread: NvidiaReading = { kind: "unknown", failure: "missing", said: "" };
const ASSUMED_REASON =
  "The card can be used, but its memory cannot be read: the plan assumes a small card of 4 GiB with 1 GiB in use.";

/** Everyone's memory but ours: the driver's own reserve counts as others', so that the parts add up to the total. */
function shares(totalBytes: number, freeBytes: number, heldBytes: number) {
  const heldByEngineBytes = Math.min(heldBytes, totalBytes - freeBytes);
  return { totalBytes, freeBytes, heldByEngineBytes, usedByOthersBytes: totalBytes - freeBytes - heldByEngineBytes };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Several cards are one pool to the engine, so they are one here, and the name says it. */
function nvidiaDevice(info: EngineInfo, cards: readonly NvidiaGpu[], heldBytes: number): Device | null {
  const memories = cards.flatMap(card => (card.memory === null ? [] : [card.memory]));
  const first = cards[0];
  if (first === undefined || memories.length < cards.length) return null;
  return {
    name:
      cards.length === 1 ? first.name : `${cards.length} cards together: ${cards.map(card => card.name).join(", ")}`,
    backend: info.backend,
    kind: "dedicated",
    ...shares(sum(memories.map(memory => memory.totalBytes)), sum(memories.map(memory => memory.freeBytes)), heldBytes),
    source: "nvidia-smi",
  };
}

/**
 * What the backend tells. Some counters, such as that of a software Vulkan device, do not see what we hold: a "used"
 * smaller than that cannot include it.
 */
function vramDevice(info: EngineInfo, vram: Vram | null, heldBytes: number): Device | null {
  if (vram === null || vram.totalBytes === 0) return null;
  const name = info.devices.join(", ") || info.backend;
  const { totalBytes, usedBytes } = vram;
  const usedWithUsBytes = usedBytes >= heldBytes && !SOFTWARE_DEVICE.test(name) ? usedBytes : usedBytes + heldBytes;
  return {
    name,
    backend: info.backend,
    kind: deviceKind(name, vram),
    ...shares(totalBytes, Math.max(0, totalBytes - usedWithUsBytes), heldBytes),
    source: "engine",
  };
}

function deviceKind(name: string, { totalBytes, unifiedBytes }: Vram): Device["kind"] {
  if (SOFTWARE_DEVICE.test(name)) return "software";
  return unifiedBytes >= totalBytes / 2 ? "shared" : "dedicated";
}

const assumedDevice = (info: EngineInfo): Device => ({
  name: info.devices.join(", ") || info.backend,
  backend: info.backend,
  kind: "unknown",
  ...shares(ASSUMED_TOTAL_BYTES, ASSUMED_TOTAL_BYTES - ASSUMED_USED_BYTES, 0),
  source: "assumed",
});
