import { learnOverhead } from "@/lib/plan/learn-overhead";
import { withBeside } from "@/lib/plan/with-beside";
import type { Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engine-info";
import type { BesideModel, CardReading, GpuMemory, GpuReport } from "@/lib/schema/gpu-memory";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { Receipt } from "@/lib/schema/receipt";
import { GIB } from "@/lib/units/bytes";
import { explainAbsence, type MachineFacts } from "./gpu-absence";
import type { CardProcess, GpuCard, GpuReader } from "./gpu-reader";
import { type AllCards, joinReadings, readAll } from "./join-readings";
import { matchCards, type VisibleDevices } from "./match-cards";

/** Used when a card is usable but its memory cannot be read: small enough to fit nearly every card still in use. */
const ASSUMED_TOTAL_BYTES = 4 * GIB;
const ASSUMED_USED_BYTES = 1 * GIB;
/** The driver counts whole megabytes, and a load's report is rounded as well. A count further below the report belongs to another program. */
const ROUNDED_SHARE = 0.95;
/** What a driver keeps for a process that has loaded nothing: 100 to 500 MiB a card on the cards measured so far. */
const MOST_CONTEXT_BYTES = 1 * GIB;
/** A second request within this time gets the same reading. */
const KEEP_MS = 500;

/** The engine's parts that concern memory. */
export interface ProbedEngine {
  readonly pid: number | null;
  snapshot(): EngineSnapshot;
  start(): Promise<EngineInfo>;
  vram(): Promise<Vram | null>;
}

/** A program that we started, and the bytes that its plan gives it on the cards. */
export interface ProgramMemory {
  readonly pid: number | null;
  readonly bytes: number;
}

interface GpuProbeOptions {
  readonly engine: ProbedEngine;
  /** Process id of the child that makes dry runs for pages. Its memory is given back before a load. */
  readonly sparePid?: () => number | null;
  /** A program that runs our model in place of the engine. */
  readonly program?: () => ProgramMemory | null;
  /** What the next load will have on the card beside the model. */
  readonly beside?: () => readonly BesideModel[];
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

/** The device as one source reported it, before anyone's budget is applied. */
type Device = Omit<GpuMemory, "overhead" | "placesExperts" | "ramBytesPerSecond" | "threads" | "availableRamBytes">;

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

type PositionOf = (card: GpuCard) => number | undefined;

const nothing: Found = { device: null, cards: [], lost: [], held: { totalBytes: 0, perCard: null } };

export const SOFTWARE_DEVICE = /llvmpipe|lavapipe|swiftshader|software/i;
/** States in which a question to the engine does not start a child. */
const aliveStates: readonly EngineSnapshot["state"][] = ["ready", "loading", "loaded", "generating"];

/** The one place that knows what the graphics card holds and for whom. Never throws: "not known" is a valid result. */
export class GpuProbe {
  readonly #options: GpuProbeOptions;
  readonly #now: () => number;
  #vram: { readonly vram: Vram; readonly heldBytes: number } | null = null;
  #machine: MachineFacts | null = null;
  /** The engine's cards as they were told when it started, and all cards that were here then. */
  #identified: {
    readonly of: string;
    readonly cards: readonly GpuCard[];
    readonly among: ReadonlySet<string>;
  } | null = null;
  #kept: {
    readonly report: Promise<GpuReport>;
    readonly atMs: number;
    readonly beside: readonly BesideModel[] | undefined;
  } | null = null;

  constructor(options: GpuProbeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Starts the engine if it never ran: only it can tell whether llama.cpp can use the card. */
  read(): Promise<GpuReport> {
    const beside = this.#options.beside?.();
    if (this.#kept && this.#now() - this.#kept.atMs < KEEP_MS && this.#kept.beside === beside) return this.#kept.report;
    const report = this.#read().then(({ memory, ...rest }) => ({
      ...rest,
      memory: memory && withBeside(memory, beside ?? []),
    }));
    this.#kept = { report, atMs: this.#now(), beside };
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
    const held = this.#held(reading, cards);
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

  /** Where a card stands in the engine's order; undefined where layers cannot be given to it. */
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

  /** The driver's own count for our process on the used cards, if it gives one; otherwise what the load reported. */
  #held(reading: AllCards, cards: readonly GpuCard[]): HeldMemory {
    const { engine } = this.#options;
    const reportedBytes = engine.snapshot().held?.totalBytes ?? 0;
    const processes = processesOn(reading, cards);
    const own = processes.filter(({ pid }) => pid === engine.pid);
    const spare = processes.filter(({ pid, name }) => pid === this.#options.sparePid?.() && isOurProgram(name));
    const spareBytes = sum(spare.map(({ usedBytes }) => usedBytes));
    const program = this.#options.program?.() ?? null;
    const started = startedBy(program, processes);
    if (program !== null && started.length === 0)
      return { totalBytes: reportedBytes + spareBytes + program.bytes, perCard: null };
    const hasOwn = own.length > 0 && this.#isOurs(own);
    if (!hasOwn && (reportedBytes > 0 || started.length === 0))
      return { totalBytes: reportedBytes + spareBytes + sum(started.map(({ usedBytes }) => usedBytes)), perCard: null };
    const perCard = new Map<string, number>();
    for (const { cardUuid, usedBytes } of [...(hasOwn ? own : []), ...spare, ...started])
      perCard.set(cardUuid, usedBytes + (perCard.get(cardUuid) ?? 0));
    return { totalBytes: sum([...perCard.values()]), perCard };
  }

  /**
   * Whether a process with our engine's number is our engine. A driver outside our container counts by other numbers, so a
   * foreign program may have ours by chance. While a model is loaded, ours has at least what the load took. Otherwise it is
   * Node.js, and if nothing is loaded or loading it has no more than a driver's context.
   */
  #isOurs(own: readonly CardProcess[]): boolean {
    const { held, config, state } = this.#options.engine.snapshot();
    const countedBytes = sum(own.map(({ usedBytes }) => usedBytes));
    const buffersBytes = held === null ? 0 : held.totalBytes - held.overheadBytes;
    if (buffersBytes > 0) return countedBytes >= ROUNDED_SHARE * buffersBytes;
    if (!own.every(({ name }) => isOurProgram(name))) return false;
    return config !== null || state === "loading" || countedBytes <= MOST_CONTEXT_BYTES;
  }

  #report(info: EngineInfo | null, { device, cards, lost, held }: Found, reading: AllCards): GpuReport {
    const { gpuChoice, receipts, threads, loadableRamBytes } = this.#options;
    this.#machine ??= this.#options.machine();
    const ramBytesPerSecond = this.#options.ramBytesPerSecond();
    const absence =
      device === null ? explainAbsence({ gpuChoice, info, nvidia: reading.nvidia, machine: this.#machine }) : null;
    // One driver serves all cards of its maker. A card that is not used counts too: its driver is the one to mend.
    const driverVersion = [...cards, ...reading.cards].find(card => card.driverVersion !== null)?.driverVersion ?? null;
    const overheadOf = { device: device?.name ?? "", driverVersion, backend: device?.backend ?? "none" } as const;
    const known = receipts.all();
    const ofCard = device?.cards && { overheadBytes: learnOverhead(known.map(ofOneCard), overheadOf).bytes };
    return {
      memory: device && {
        ...device,
        ...(device.cards && { cards: device.cards.map(card => ({ ...card, ...ofCard })) }),
        overhead: learnOverhead(known, overheadOf),
        placesExperts: info?.placement.kind === "ready",
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

/** Everyone's memory but ours. The driver's own reserve counts as others', so that the parts add up to the total. */
function shares(totalBytes: number, freeBytes: number, heldBytes: number) {
  const heldByEngineBytes = Math.min(heldBytes, totalBytes - freeBytes);
  return { totalBytes, freeBytes, heldByEngineBytes, usedByOthersBytes: totalBytes - freeBytes - heldByEngineBytes };
}

const processesOn = (reading: AllCards, cards: readonly GpuCard[]): readonly CardProcess[] =>
  reading.processes.filter(({ cardUuid }) => cards.some(card => card.uuid === cardUuid));

/** The last part of a path of any system. */
const fileName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** The engine runs in the same program as we do. */
const isOurProgram = (name: string): boolean => fileName(name) === fileName(process.execPath);

/** The driver's lines of this program. A driver outside our container may give its number to another one, which has less than planned. */
function startedBy(program: ProgramMemory | null, processes: readonly CardProcess[]): readonly CardProcess[] {
  const found = processes.filter(({ pid }) => pid === program?.pid);
  const countedBytes = sum(found.map(({ usedBytes }) => usedBytes));
  return program !== null && countedBytes >= ROUNDED_SHARE * program.bytes ? found : [];
}

/** A program on two cards is one line with its total. */
function oncePerProcess(processes: readonly CardProcess[]): GpuReport["processes"] {
  const byPid = new Map<number, GpuReport["processes"][number]>();
  for (const { pid, name, usedBytes } of processes)
    byPid.set(pid, { pid, name, usedBytes: usedBytes + (byPid.get(pid)?.usedBytes ?? 0) });
  return [...byPid.values()];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** What our engine holds, and on which card where the driver tells. */
interface HeldMemory {
  readonly totalBytes: number;
  readonly perCard: ReadonlyMap<string, number> | null;
}

/** "GeForce RTX 3060 (0000:01:00.0)" */
const cardWords = ({ name, pciAddress }: GpuCard): string => (pciAddress === null ? name : `${name} (${pciAddress})`);

function lostNote(lost: readonly GpuCard[], left: readonly GpuCard[]): string | null {
  if (lost.length === 0 || left.length === 0) return null;
  const verb = lost.length === 1 ? "no longer answers" : "no longer answer";
  return `${lost.map(cardWords).join(" and ")} ${verb}. The plan is for ${left.map(cardWords).join(" and ")} alone; reload the model to run it there.`;
}

type CardMemory = NonNullable<CardReading["memory"]>;

/** The memory of each card with our part of it. If the driver does not say, our memory is assumed to be spread as the used memory is. */
function cardMemories(cards: readonly GpuCard[], held: HeldMemory): readonly (CardMemory | null)[] {
  const usedBytes = Math.max(1, sum(cards.map(({ memory }) => memory?.usedBytes ?? 0)));
  return cards.map(({ uuid, memory }) => {
    if (memory === null) return null;
    const { totalBytes, freeBytes } = memory;
    const ourBytes = held.perCard
      ? (held.perCard.get(uuid) ?? 0)
      : Math.floor((held.totalBytes * memory.usedBytes) / usedBytes);
    return { totalBytes, freeBytes, heldByEngineBytes: Math.min(totalBytes - freeBytes, ourBytes) };
  });
}

function cardReadings(cards: readonly GpuCard[], held: HeldMemory, positionOf: PositionOf): CardReading[] {
  const memories = cardMemories(cards, held);
  return cards.map((card, index) => {
    const { uuid, name, pciAddress, utilizationPercent, temperatureCelsius, powerWatts } = card;
    const position = positionOf(card);
    return {
      id: uuid,
      name,
      pciAddress,
      ...(position !== undefined && { position }),
      memory: memories[index] ?? null,
      utilizationPercent,
      temperatureCelsius,
      powerWatts,
    };
  });
}

/** Several cards are one pool to the engine, so they are one here, and the name says it. */
function driverDevice(
  info: EngineInfo,
  cards: readonly GpuCard[],
  held: HeldMemory,
  positionOf: PositionOf,
): Device | null {
  const memories = cardMemories(cards, held).filter(memory => memory !== null);
  const first = cards[0];
  if (first === undefined || memories.length < cards.length) return null;
  const totals = shares(
    sum(memories.map(({ totalBytes }) => totalBytes)),
    sum(memories.map(({ freeBytes }) => freeBytes)),
    held.totalBytes,
  );
  const source = cards.every(({ vendor }) => vendor === "nvidia") ? "nvidia-smi" : "kernel";
  const device = { backend: info.backend, kind: "dedicated", ...totals, source } as const;
  const each = memories.map((memory, index) => {
    const card = cards[index] ?? first;
    const position = positionOf(card);
    return { name: card.name, ...memory, ...(position !== undefined && { position }) };
  });
  // One card that is left of several has its place among them: the engine would still use the lost one.
  if (cards.length === 1)
    return {
      name: first.name,
      ...device,
      ...(info.devices.length > 1 && each[0]?.position !== undefined && { cards: each }),
    };
  return {
    name: namesTogether(cards.map(({ name }) => name)),
    ...device,
    cards: each,
  };
}

/** "2 × RTX 3060" or "2 cards together: RTX 3060, P4000" */
const namesTogether = (names: readonly string[]): string =>
  new Set(names).size === 1 ? `${names.length} × ${names[0]}` : `${names.length} cards together: ${names.join(", ")}`;

interface VramCircumstances {
  readonly heldBytes: number;
  readonly takesSystemMemory: boolean;
  readonly availableRamBytes: number;
}

/**
 * The backend's own figures. Some counters, such as that of a software Vulkan device, do not see our memory: a "used"
 * smaller than that cannot include it. Graphics without memory of their own get no more than the system has available.
 */
function vramDevice(info: EngineInfo, vram: Vram | null, circumstances: VramCircumstances): Device | null {
  if (vram === null || vram.totalBytes === 0) return null;
  const { heldBytes, takesSystemMemory, availableRamBytes } = circumstances;
  const name = info.devices.join(", ") || info.backend;
  const { totalBytes, usedBytes } = vram;
  const kind = takesSystemMemory ? "shared" : deviceKind(name, vram);
  const usedWithUsBytes = usedBytes >= heldBytes && kind !== "software" ? usedBytes : usedBytes + heldBytes;
  const freeBytes = Math.max(0, totalBytes - usedWithUsBytes);
  const pool = shares(totalBytes, takesSystemMemory ? Math.min(totalBytes, availableRamBytes) : freeBytes, heldBytes);
  return { name, backend: info.backend, kind, ...pool, source: "engine", ...alikeCards(info, pool) };
}

/** The backend reports one sum. The share of each card is known only where all cards are the same. */
function alikeCards({ devices, placement }: EngineInfo, pool: ReturnType<typeof shares>): Pick<GpuMemory, "cards"> {
  const canPlace = placement.kind === "ready" && placement.cards.length === devices.length;
  if (devices.length < 2 || new Set(devices).size > 1) return {};
  const part = (bytes: number): number => Math.floor(bytes / devices.length);
  return {
    cards: devices.map((name, position) => ({
      name,
      totalBytes: part(pool.totalBytes),
      freeBytes: part(pool.freeBytes),
      heldByEngineBytes: part(pool.heldByEngineBytes),
      ...(canPlace && { position }),
    })),
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
