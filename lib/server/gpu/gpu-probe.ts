import { learnOverhead } from "@/lib/plan/cards/learn-overhead";
import { withBeside } from "@/lib/plan/cards/with-beside";
import type { Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { BesideModel, GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { assumedDevice, cardReadings, type Device, driverDevice, type PositionOf, vramDevice } from "./found-device";
import { explainAbsence, type MachineFacts } from "./gpu-absence";
import type { GpuCard, GpuReader } from "./gpu-reader";
import { type HeldMemory, type Holders, heldMemory, oncePerProcess, processesOn } from "./held-memory";
import { type AllCards, joinReadings, readAll } from "./join-readings";
import { matchCards, type VisibleDevices } from "./match-cards";

/** A second request within this time gets the same reading. */
const KEEP_MS = 500;

/** The engine's parts that concern memory. */
export interface ProbedEngine {
  readonly pid: number | null;
  snapshot(): EngineSnapshot;
  start(): Promise<EngineInfo>;
  vram(): Promise<Vram | null>;
}

interface GpuProbeOptions extends Holders {
  readonly engine: ProbedEngine;
  /** What the next load will have on the card beside the model. */
  readonly beside?: () => readonly BesideModel[];
  /** Whether another program runs our model, which keeps experts in RAM by itself where our engine cannot. */
  readonly programPlaces?: () => boolean;
  /** One for each maker. */
  readonly readers: readonly GpuReader[];
  /** What past loads have shown of the memory outside llama.cpp's buffers. */
  readonly receipts: { all(): readonly Receipt[] };
  readonly gpuChoice: string;
  readonly machine: () => MachineFacts;
  readonly visible: VisibleDevices;
  /** System memory that a program can still get, for graphics that have no memory of their own. */
  readonly availableRamBytes: () => number;
  /** How fast the processor reads system memory; null until it was measured. */
  readonly ramBytesPerSecond: () => number | null;
  /** Threads that compute what is in system memory. */
  readonly threads?: number;
  /** System memory that the next load can have. */
  readonly loadableRamBytes?: () => number;
  readonly now?: () => number;
}

/** The device to plan for, and the driver's list of its cards; no cards where they are not known. */
interface Found {
  readonly device: Device | null;
  readonly cards: readonly GpuCard[];
  readonly lost: readonly GpuCard[];
  readonly held: HeldMemory;
}

/** The engine's cards, and those that were its cards and are gone. */
interface PresentCards {
  readonly cards: readonly GpuCard[];
  readonly lost: readonly GpuCard[];
  readonly note: string | null;
}

const nothing: Found = { device: null, cards: [], lost: [], held: { totalBytes: 0, perCard: null } };

/** States in which a question to the engine does not start a child. */
const aliveStates: readonly EngineSnapshot["state"][] = ["ready", "loading", "loaded", "generating"];

/** The one place that knows what the graphics card holds and for whom. Never throws: "not known" is a valid result. */
export class GpuProbe {
  readonly #options: GpuProbeOptions;
  readonly #now: () => number;
  #vram: { readonly vram: Vram; readonly heldBytes: number } | null = null;
  #machine: MachineFacts | null = null;
  /** The engine's cards as they were identified when it started, and all cards that were here then. */
  #identified: {
    readonly of: string;
    readonly cards: readonly GpuCard[];
    readonly among: ReadonlySet<string>;
  } | null = null;
  #kept: {
    readonly report: Promise<GpuReport>;
    readonly atMs: number;
    readonly beside: readonly BesideModel[] | undefined;
    readonly programPlaces: boolean | undefined;
  } | null = null;

  constructor(options: GpuProbeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Starts the engine if it never ran: only it can tell whether llama.cpp can use the card. */
  read(): Promise<GpuReport> {
    const beside = this.#options.beside?.();
    const programPlaces = this.#options.programPlaces?.();
    const isSame = this.#kept?.beside === beside && this.#kept?.programPlaces === programPlaces;
    if (this.#kept && isSame && this.#now() - this.#kept.atMs < KEEP_MS) return this.#kept.report;
    const report = this.#read().then(({ memory, ...rest }) => ({
      ...rest,
      memory: memory && withBeside(memory, beside ?? []),
    }));
    this.#kept = { report, atMs: this.#now(), beside, programPlaces };
    return report;
  }

  /** Keeps nvidia-smi running between readings. */
  watch(): () => void {
    const stops = this.#options.readers.map(reader => reader.watch());
    return () => {
      for (const stop of stops) stop();
    };
  }

  close(): void {
    for (const reader of this.#options.readers) reader.close();
  }

  async #read(): Promise<GpuReport> {
    const { engine, readers, gpuChoice } = this.#options;
    if (gpuChoice === "off") return this.#report(null, nothing, joinReadings([]));
    const info = engine.snapshot().info ?? (await engine.start().catch(() => null));
    const reading = info?.backend === "metal" ? joinReadings([]) : await readAll(readers);
    return this.#report(info, info?.gpuUsable ? await this.#device(info, reading) : nothing, reading);
  }

  async #device(info: EngineInfo, reading: AllCards): Promise<Found> {
    const { cards, lost, note } = this.#presentCards(info, reading);
    const held = heldMemory(this.#options, reading, cards);
    const device =
      driverDevice(info, cards, held, this.#positionOf(info)) ?? (await this.#backendDevice(info, cards, held));
    return { device: note === null ? device : { ...device, note }, cards, lost, held };
  }

  /**
   * Cards are told apart once, when the engine starts, and then known by their UUID: if one of several is lost, numbers in a list mean
   * other cards, and names may mean several. A card that shows up later is a reason to look again.
   */
  #presentCards(info: EngineInfo, reading: AllCards): PresentCards {
    const of = JSON.stringify([this.#options.engine.snapshot().generation, info]);
    const known = this.#identified;
    if (known?.of !== of || reading.cards.some(({ uuid }) => !known.among.has(uuid))) {
      const { cards, note } = matchCards(info, reading.cards, this.#options.visible);
      this.#identified = cards && { of, cards, among: new Set(reading.cards.map(({ uuid }) => uuid)) };
      return { cards: cards ?? [], lost: [], note };
    }
    const cards = known.cards.flatMap(({ uuid }) => reading.cards.find(card => card.uuid === uuid) ?? []);
    const missing = known.cards.filter(({ uuid }) => !cards.some(card => card.uuid === uuid));
    // Where a maker's reader does not answer, nothing is known of its cards.
    const lost = missing.filter(({ vendor }) => reading.answered.includes(vendor));
    if (missing.length > lost.length) return { cards: [], lost: [], note: null };
    return { cards, lost, note: lostNote(lost, cards) };
  }

  /** Where a card stands in the engine's order; undefined if layers cannot be given to it. */
  #positionOf({ placement }: EngineInfo): PositionOf {
    const among = this.#identified?.cards ?? [];
    if (placement.kind === "missing" || placement.cards.length !== among.length) return () => undefined;
    return ({ uuid }) => among.findIndex(card => card.uuid === uuid);
  }

  async #backendDevice(info: EngineInfo, cards: readonly GpuCard[], held: HeldMemory): Promise<Device> {
    await this.#readVram(held.totalBytes);
    const device = vramDevice(info, this.#vramNow(held.totalBytes), {
      heldBytes: held.totalBytes,
      takesSystemMemory: cards.length > 0 && cards.every(card => card.takesSystemMemory),
      availableRamBytes: this.#options.availableRamBytes(),
    });
    return device ?? assumedDevice(info);
  }

  /** While the engine is stopped, the last reading stays, without what the engine held: asking again would start a child. */
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

  #report(info: EngineInfo | null, { device, cards, lost, held }: Found, reading: AllCards): GpuReport {
    const { gpuChoice, receipts, threads, loadableRamBytes, programPlaces } = this.#options;
    this.#machine ??= this.#options.machine();
    const ramBytesPerSecond = this.#options.ramBytesPerSecond();
    const absence =
      device === null ? explainAbsence({ gpuChoice, info, nvidia: reading.nvidia, machine: this.#machine }) : null;
    // One driver serves all cards of its maker. A card that is not used counts too: its driver is the one to fix.
    const driverVersion = [...cards, ...reading.cards].find(card => card.driverVersion !== null)?.driverVersion ?? null;
    const overheadOf = { device: device?.name ?? "", driverVersion, backend: device?.backend ?? "none" } as const;
    const known = receipts.all();
    const ofCard = device?.cards && { overheadBytes: learnOverhead(known.map(ofOneCard), overheadOf).bytes };
    return {
      memory: device && {
        ...device,
        ...(device.cards && { cards: device.cards.map(card => ({ ...card, ...ofCard })) }),
        overhead: learnOverhead(known, overheadOf),
        placesExperts: info?.placement.kind === "ready" || (device.backend !== "metal" && programPlaces?.() === true),
        ...(ramBytesPerSecond !== null && { ramBytesPerSecond }),
        ...(threads !== undefined && { threads }),
        ...(loadableRamBytes && { availableRamBytes: loadableRamBytes() }),
      },
      reason: absence?.reason ?? (device?.source === "assumed" ? ASSUMED_REASON : null),
      remedy: absence?.remedy ?? null,
      driverVersion,
      devices: info?.devices ?? [],
      cards: cardReadings(cards, held, info === null ? () => undefined : this.#positionOf(info)),
      lostCards: lost.map(({ uuid, name, pciAddress }) => ({ id: uuid, name, pciAddress })),
      processes: oncePerProcess(processesOn(reading, cards)),
      readAtMs: device !== null && isFromDriver(device) ? (reading.atMs ?? this.#now()) : this.#now(),
    };
  }
}

/** A load over several cards leaves its overhead on each that it used; which part is on which is not known. */
function ofOneCard(receipt: Receipt): Receipt {
  const { measuredOverheadBytes, config } = receipt;
  const used = config.tensorSplit?.filter(layers => layers > 0).length ?? 1;
  return measuredOverheadBytes === null
    ? receipt
    : { ...receipt, measuredOverheadBytes: Math.round(measuredOverheadBytes / used) };
}

const isFromDriver = ({ source }: Device): boolean => source === "nvidia-smi" || source === "kernel";

const ASSUMED_REASON =
  "The card can be used, but its memory cannot be read: the plan assumes a small card of 4 GiB with 1 GiB in use.";

/** "GeForce RTX 3060 (0000:01:00.0)" */
const cardWords = ({ name, pciAddress }: GpuCard): string => (pciAddress === null ? name : `${name} (${pciAddress})`);

function lostNote(lost: readonly GpuCard[], left: readonly GpuCard[]): string | null {
  if (lost.length === 0 || left.length === 0) return null;
  const verb = lost.length === 1 ? "no longer answers" : "no longer answer";
  return `${lost.map(cardWords).join(" and ")} ${verb}. The plan is for ${left.map(cardWords).join(" and ")} alone; reload the model to run it there.`;
}
