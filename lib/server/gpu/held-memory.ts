import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import { GIB } from "@/lib/units/bytes";
import { sum } from "@/lib/units/sum";
import type { CardProcess, GpuCard } from "./gpu-reader";
import type { AllCards } from "./join-readings";

/** The driver counts whole megabytes, and a load's report is rounded as well. A count further below the report belongs to another program. */
const ROUNDED_SHARE = 0.95;
/** What a driver keeps for a process that has loaded nothing: 100 to 500 MiB a card on the cards measured so far. */
const MOST_CONTEXT_BYTES = 1 * GIB;

/** A program that we started, and the bytes that its plan gives it on the cards. */
export interface ProgramMemory {
  readonly pid: number | null;
  readonly bytes: number;
}

/** What our engine holds, and on which card where the driver tells. */
export interface HeldMemory {
  readonly totalBytes: number;
  readonly perCard: ReadonlyMap<string, number> | null;
}

/** The processes of ours that hold memory of the cards. */
export interface Holders {
  readonly engine: { readonly pid: number | null; snapshot(): EngineSnapshot };
  /** Process id of the child that makes dry runs for pages. Its memory is given back before a load. */
  readonly sparePid?: () => number | null;
  /** A program that runs our model in place of the engine. */
  readonly program?: () => ProgramMemory | null;
}

/** The driver's own count for our process on the used cards, if it gives one; otherwise what the load reported. */
export function heldMemory(
  { engine, sparePid, program: startedProgram }: Holders,
  reading: AllCards,
  cards: readonly GpuCard[],
): HeldMemory {
  const reportedBytes = engine.snapshot().held?.totalBytes ?? 0;
  const processes = processesOn(reading, cards);
  const own = processes.filter(({ pid }) => pid === engine.pid);
  const spare = processes.filter(({ pid, name }) => pid === sparePid?.() && isOurProgram(name));
  const spareBytes = sum(spare.map(({ usedBytes }) => usedBytes));
  const program = startedProgram?.() ?? null;
  const started = startedBy(program, processes);
  if (program !== null && started.length === 0)
    return { totalBytes: reportedBytes + spareBytes + program.bytes, perCard: null };
  const hasOwn = own.length > 0 && isOurs(engine.snapshot(), own);
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
function isOurs({ held, config, state }: EngineSnapshot, own: readonly CardProcess[]): boolean {
  const countedBytes = sum(own.map(({ usedBytes }) => usedBytes));
  const buffersBytes = held === null ? 0 : held.totalBytes - held.overheadBytes;
  if (buffersBytes > 0) return countedBytes >= ROUNDED_SHARE * buffersBytes;
  if (!own.every(({ name }) => isOurProgram(name))) return false;
  return config !== null || state === "loading" || countedBytes <= MOST_CONTEXT_BYTES;
}

export const processesOn = (reading: AllCards, cards: readonly GpuCard[]): readonly CardProcess[] =>
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
export function oncePerProcess(processes: readonly CardProcess[]): GpuReport["processes"] {
  const byPid = new Map<number, GpuReport["processes"][number]>();
  for (const { pid, name, usedBytes } of processes)
    byPid.set(pid, { pid, name, usedBytes: usedBytes + (byPid.get(pid)?.usedBytes ?? 0) });
  return [...byPid.values()];
}
