import { escapeLine } from "@/lib/server/system/escape-line";
import { followLines, type ProgramEnd } from "@/lib/server/system/follow-lines";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import {
  byBus,
  type CardProcess,
  type CardsReading,
  type GpuCard,
  type GpuReader,
  type ReadingFailure,
} from "./gpu-reader";
import { failureIn, gpuQuery, lostAddress, parseGpuLine, parseProcessLine, processQuery } from "./nvidia-smi-lines";

/** The longest wait for the program's first line, and for each line after it. */
const START_LIMIT_MS = 3_000;
const SILENCE_LIMIT_MS = 4_000;
/** Processes are listed every two seconds. A process that is missing from a later list has ended. */
const PROCESS_LIMIT_MS = 5_000;
/** After a failure the program is not started again for this long: a broken driver makes every start slow. */
const RETRY_MS = 20_000;
/** The first failure may be a short one, as while a driver is updated. */
const FIRST_RETRY_MS = 5_000;
const RETRY_MISSING_MS = 60_000;
/** Without a reader it keeps running for this long, so that two reads in a row start it only once. */
const LINGER_MS = 5_000;

interface Seen<Value> {
  readonly value: Value;
  readonly atMs: number;
}

/**
 * Our environment, with the folder where older drivers for Windows put nvidia-smi. Newer ones put it beside Windows' own programs, which
 * are always found.
 */
export function withToolFolder(env: NvidiaSmiOptions["env"], platform: NodeJS.Platform): NvidiaSmiOptions["env"] {
  if (platform !== "win32") return env;
  const folder = `${env.ProgramFiles ?? "C:\\Program Files"}\\NVIDIA Corporation\\NVSMI`;
  return { ...env, PATH: [env.PATH, folder].filter(Boolean).join(";") };
}

interface NvidiaSmiOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timers?: Timers;
}

/**
 * What the NVIDIA driver reports about its cards. One nvidia-smi runs as long as somebody watches: starting it costs
 * more than a second of a core on some machines. Whatever it prints or fails to print, reading never throws.
 */
export class NvidiaSmi implements GpuReader {
  readonly vendor = "nvidia";
  readonly #env: NvidiaSmiOptions["env"];
  readonly #timers: Timers;
  readonly #cards = new Map<string, Seen<GpuCard>>();
  /** By card and process: one process may hold memory on several cards. */
  readonly #processes = new Map<string, Seen<CardProcess>>();
  #running: {
    readonly stops: readonly (() => void)[];
    readonly startedAtMs: number;
    lastLineAtMs: number;
    unread: string;
  } | null = null;
  /** All cards that were ever read, and the addresses of those that are lost now. */
  readonly #everSeen = new Map<string, GpuCard>();
  readonly #lost = new Set<string>();
  #failure: Seen<Extract<CardsReading, { kind: "unknown" }>> | null = null;
  #failuresInRow = 0;
  #waiting: (() => void)[] = [];
  #watchers = 0;
  #cancelLinger: (() => void) | null = null;

  constructor({ env, timers = systemTimers }: NvidiaSmiOptions) {
    this.#env = withToolFolder(env, process.platform);
    this.#timers = timers;
  }

  /** The newest reading; waits for the first one. */
  async read(): Promise<CardsReading> {
    if (this.#isTooSoonToRetry()) return this.#reading();
    this.#failIfSilent();
    this.#tryLostAgain();
    if (this.#running === null && !this.#isTooSoonToRetry()) this.#start();
    if (this.#running && this.#cards.size === 0) await this.#firstLine();
    this.#linger();
    return this.#reading();
  }

  /** Keeps the program running until the returned function is called. */
  watch(): () => void {
    this.#watchers += 1;
    return () => {
      this.#watchers -= 1;
      this.#linger();
    };
  }

  close(): void {
    this.#cancelLinger?.();
    this.#stop();
  }

  #reading(): CardsReading {
    if (this.#failure) return this.#failure.value;
    const cards = this.#fresh(this.#cards, SILENCE_LIMIT_MS).sort(byBus);
    const atMs = this.#running?.lastLineAtMs ?? this.#timers.nowMs();
    return { kind: "read", cards, processes: this.#fresh(this.#processes, PROCESS_LIMIT_MS), atMs };
  }

  #fresh<Value>(seen: ReadonlyMap<unknown, Seen<Value>>, limitMs: number): Value[] {
    const oldestMs = this.#timers.nowMs() - limitMs;
    return [...seen.values()].filter(({ atMs }) => atMs >= oldestMs).map(({ value }) => value);
  }

  #isTooSoonToRetry(): boolean {
    if (this.#failure === null) return false;
    const brokenMs = this.#failuresInRow === 1 ? FIRST_RETRY_MS : RETRY_MS;
    const waitMs = this.#failure.value.failure === "missing" ? RETRY_MISSING_MS : brokenMs;
    return this.#timers.nowMs() - this.#failure.atMs < waitMs;
  }

  /** @param only the UUIDs of the cards to read; without it all of them */
  #start(only: readonly string[] = []): void {
    this.#failure = null;
    if (only.length === 0) this.#lost.clear();
    const which = only.length === 0 ? [] : ["-i", only.join(",")];
    const follow = (args: readonly string[], onLine: (line: string) => void, onEnd: (end: ProgramEnd) => void) =>
      followLines({ command: "nvidia-smi", args, env: this.#env, onLine, onEnd });
    const stops = [
      follow(
        [...gpuQuery, ...which],
        line => this.#onGpuLine(line),
        end => this.#onEnd(end),
      ),
      follow(
        [...processQuery, ...which],
        line => this.#onProcessLine(line),
        () => {},
      ),
    ];
    const startedAtMs = this.#timers.nowMs();
    this.#running = { stops, startedAtMs, lastLineAtMs: startedAtMs, unread: "" };
    const run = this.#running;
    this.#timers.after(START_LIMIT_MS, () => {
      if (this.#running === run && this.#cards.size === 0) this.#failWithoutCards(run.unread);
    });
  }

  /** A line that is not a card is a warning ("WARNING: infoROM is corrupted at gpu ...") or a note about one card; used if no card follows. */
  #onGpuLine(line: string): void {
    const value = parseGpuLine(line);
    if (value) this.#onGpu(value);
    else if (this.#running) this.#running.unread ||= line;
  }

  #failWithoutCards(unread: string): void {
    if (unread === "") this.#fail("silent", "");
    else this.#fail(failureIn(unread), unread);
  }

  #onGpu(value: GpuCard): void {
    const atMs = this.#timers.nowMs();
    this.#failuresInRow = 0;
    this.#cards.set(value.uuid, { value, atMs });
    this.#everSeen.set(value.uuid, value);
    if (this.#running) {
      this.#running.lastLineAtMs = atMs;
      this.#running.unread = "";
    }
    this.#wake();
  }

  #onProcessLine(line: string): void {
    const value = parseProcessLine(line);
    if (value) this.#processes.set(`${value.cardUuid} ${value.pid}`, { value, atMs: this.#timers.nowMs() });
  }

  #onEnd({ isMissing, said }: ProgramEnd): void {
    const words = this.#running?.unread || said;
    if (this.#goOnWithout(lostAddress(said) ?? lostAddress(words))) return;
    this.#fail(isMissing ? "missing" : failureIn(words), words);
  }

  /** If one of several cards is lost, the program ends. It still reads the others if they are named. */
  #goOnWithout(address: string | null): boolean {
    if (address === null || this.#lost.has(address)) return false;
    this.#lost.add(address);
    const left = [...this.#everSeen.values()].filter(card => !this.#lost.has(card.pciAddress ?? ""));
    if (left.length === 0 || left.length === this.#everSeen.size) return false;
    const waiting = this.#waiting.splice(0);
    this.#stop();
    this.#start(left.map(({ uuid }) => uuid));
    this.#waiting = waiting;
    return true;
  }

  /** A lost card may come back after a reset: from time to time all are asked for again. */
  #tryLostAgain(): void {
    if (this.#running && this.#lost.size > 0 && this.#timers.nowMs() - this.#running.startedAtMs > RETRY_MISSING_MS)
      this.#stop();
  }

  #failIfSilent(): void {
    const { nowMs } = this.#timers;
    if (this.#running && this.#cards.size > 0 && nowMs() - this.#running.lastLineAtMs > SILENCE_LIMIT_MS)
      this.#failWithoutCards(this.#running.unread);
  }

  #fail(failure: ReadingFailure, said: string): void {
    this.#stop();
    this.#failuresInRow += 1;
    this.#failure = { value: { kind: "unknown", failure, said: escapeLine(said.trim()) }, atMs: this.#timers.nowMs() };
    this.#wake();
  }

  #stop(): void {
    for (const stop of this.#running?.stops ?? []) stop();
    this.#running = null;
    this.#cards.clear();
    this.#processes.clear();
    this.#wake();
  }

  #firstLine(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #linger(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = this.#timers.after(LINGER_MS, () => {
      if (this.#watchers === 0) this.#stop();
    });
  }
}
