import { escapeLine } from "@/lib/server/files/escape-line";
import { followLines, type ProgramEnd } from "@/lib/server/supervisor/follow-lines";
import { systemTimers, type Timers } from "@/lib/server/supervisor/timers";
import { mibToBytes } from "@/lib/units/bytes";

/** One card as the driver tells; null is what it does not tell. */
export interface NvidiaGpu {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driverVersion: string | null;
  /** All three or none: half a reading cannot be planned with. */
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number; readonly freeBytes: number } | null;
  readonly utilizationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
}

export interface NvidiaProcess {
  readonly pid: number;
  readonly name: string;
  readonly usedBytes: number;
}

/**
 * `missing`: no such program. `silent`: it hangs. `driver`: it says that the driver does not work.
 * `unreadable`: it says something else than numbers.
 */
export type NvidiaFailure = "missing" | "silent" | "driver" | "unreadable";

export type NvidiaReading =
  | {
      readonly kind: "read";
      readonly gpus: readonly NvidiaGpu[];
      readonly processes: readonly NvidiaProcess[];
      /** When the driver said so. */
      readonly atMs: number;
    }
  | { readonly kind: "unknown"; readonly failure: NvidiaFailure; readonly said: string };

/** How long the program may take to its first line, and be silent after it. */
const START_LIMIT_MS = 3_000;
const SILENCE_LIMIT_MS = 4_000;
/** Processes are asked for every two seconds; one that is not told again is gone. */
const PROCESS_LIMIT_MS = 5_000;
/** After a failure the program is left alone for this long: a broken driver makes every start of it slow. */
const RETRY_MS = 20_000;
const RETRY_MISSING_MS = 60_000;
/** Without a reader it goes on for this long, so that two reads in a row start it once. */
const LINGER_MS = 5_000;

const GPU_FIELDS = [
  "index",
  "uuid",
  "name",
  "driver_version",
  "memory.total",
  "memory.used",
  "memory.free",
  "utilization.gpu",
  "temperature.gpu",
  "power.draw",
];
const FORMAT = "--format=csv,noheader,nounits";
const gpuQuery = [`--query-gpu=${GPU_FIELDS.join(",")}`, FORMAT, "-l", "1"];
const processQuery = ["--query-compute-apps=pid,process_name,used_memory", FORMAT, "-l", "2"];

/** 8 TiB: above any card, and far below where arithmetic in bytes would lose precision. */
const MAX_MIB = 8 * 1024 * 1024;
const UUID = /^(?:GPU|MIG)-[0-9a-f/-]{8,}$/i;
const DRIVER_WORDS = /NVML|driver|GPU is lost|No devices were found|Insufficient Permissions/i;

/** "[N/A]", "[Not Supported]", "ERR!", "12,5" and anything else that is no plain number are unknown. */
function parseNumber(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d+(?:\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** Megabytes are always whole; "8.192" is some language's way to write thousands. */
const parseMib = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? parseNumber(text, MAX_MIB) : null;

function parseMemory(
  total: string | undefined,
  used: string | undefined,
  free: string | undefined,
): NvidiaGpu["memory"] {
  const [totalMib, usedMib, freeMib] = [total, used, free].map(parseMib);
  if (!totalMib || usedMib == null || freeMib == null || usedMib + freeMib > totalMib) return null;
  return { totalBytes: mibToBytes(totalMib), usedBytes: mibToBytes(usedMib), freeBytes: mibToBytes(freeMib) };
}

/** One line of the card query, or null for anything else. A card's name may hold a comma, so it is what remains in the middle. */
export function parseGpuLine(line: string): NvidiaGpu | null {
  const parts = line.split(",").map(part => part.trim());
  if (parts.length < GPU_FIELDS.length) return null;
  const [index, uuid, ...rest] = parts;
  const [driver, total, used, free, utilization, temperature, power] = rest.splice(-7);
  const cardIndex = parseNumber(index, 1023);
  if (cardIndex === null || uuid === undefined || !UUID.test(uuid)) return null;
  // Where the driver's version stands anything else, a decimal comma has moved the fields.
  if (driver === undefined || !/^(?:\d+\.\d[\d.]*|\[.*\])$/.test(driver)) return null;
  return {
    index: cardIndex,
    uuid,
    name: escapeLine(rest.join(", ")),
    driverVersion: driver.startsWith("[") ? null : driver,
    memory: parseMemory(total, used, free),
    utilizationPercent: parseNumber(utilization, 100),
    temperatureCelsius: parseNumber(temperature, 200),
    powerWatts: parseNumber(power, 5000),
  };
}

/** "1234, /usr/bin/python3, 2048"; null where the driver does not tell, as on Windows. */
export function parseProcessLine(line: string): NvidiaProcess | null {
  const match = /^(\d+),(.*),\s*(\d+)$/.exec(line.trim());
  const [pid, usedMib] = [parseNumber(match?.[1], 2 ** 31), parseNumber(match?.[3], MAX_MIB)];
  if (match === null || pid === null || usedMib === null) return null;
  return { pid, name: escapeLine((match[2] ?? "").trim()), usedBytes: mibToBytes(usedMib) };
}

const failureIn = (said: string): NvidiaFailure => (DRIVER_WORDS.test(said) ? "driver" : "unreadable");

interface Seen<Value> {
  readonly value: Value;
  readonly atMs: number;
}

interface NvidiaSmiOptions {
  readonly command?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timers?: Timers;
}

/**
 * What the NVIDIA driver tells about its cards. One nvidia-smi runs for as long as somebody watches: starting it costs
 * more than a second of a core on some machines. Whatever it prints or fails to print, reading never throws.
 */
export class NvidiaSmi {
  readonly #command: string;
  readonly #env: NvidiaSmiOptions["env"];
  readonly #timers: Timers;
  readonly #gpus = new Map<number, Seen<NvidiaGpu>>();
  readonly #processes = new Map<number, Seen<NvidiaProcess>>();
  #running: { readonly stops: readonly (() => void)[]; lastLineAtMs: number } | null = null;
  #failure: Seen<Extract<NvidiaReading, { kind: "unknown" }>> | null = null;
  #waiting: (() => void)[] = [];
  #watchers = 0;
  #cancelLinger: (() => void) | null = null;

  constructor({ command = "nvidia-smi", env, timers = systemTimers }: NvidiaSmiOptions) {
    this.#command = command;
    this.#env = env;
    this.#timers = timers;
  }

  /** The newest reading; waits for the first one. */
  async read(): Promise<NvidiaReading> {
    if (this.#isTooSoonToRetry()) return this.#reading();
    this.#failIfSilent();
    if (this.#running === null && !this.#isTooSoonToRetry()) this.#start();
    if (this.#running && this.#gpus.size === 0) await this.#firstLine();
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

  #reading(): NvidiaReading {
    if (this.#failure) return this.#failure.value;
    const gpus = this.#fresh(this.#gpus, SILENCE_LIMIT_MS).sort((one, other) => one.index - other.index);
    const atMs = this.#running?.lastLineAtMs ?? this.#timers.nowMs();
    return { kind: "read", gpus, processes: this.#fresh(this.#processes, PROCESS_LIMIT_MS), atMs };
  }

  #fresh<Value>(seen: Map<number, Seen<Value>>, limitMs: number): Value[] {
    const oldestMs = this.#timers.nowMs() - limitMs;
    return [...seen.values()].filter(({ atMs }) => atMs >= oldestMs).map(({ value }) => value);
  }

  #isTooSoonToRetry(): boolean {
    if (this.#failure === null) return false;
    const waitMs = this.#failure.value.failure === "missing" ? RETRY_MISSING_MS : RETRY_MS;
    return this.#timers.nowMs() - this.#failure.atMs < waitMs;
  }

  #start(): void {
    this.#failure = null;
    const follow = (args: readonly string[], onLine: (line: string) => void, onEnd: (end: ProgramEnd) => void) =>
      followLines({ command: this.#command, args, env: this.#env, onLine, onEnd });
    const stops = [
      follow(
        gpuQuery,
        line => this.#onGpuLine(line),
        end => this.#onEnd(end),
      ),
      follow(
        processQuery,
        line => this.#onProcessLine(line),
        () => {},
      ),
    ];
    this.#running = { stops, lastLineAtMs: this.#timers.nowMs() };
    const run = this.#running;
    this.#timers.after(START_LIMIT_MS, () => {
      if (this.#running === run && this.#gpus.size === 0) this.#fail("silent", "");
    });
  }

  #onGpuLine(line: string): void {
    const value = parseGpuLine(line);
    if (value) this.#onGpu(value);
    else this.#fail(failureIn(line), line);
  }

  #onGpu(value: NvidiaGpu): void {
    const atMs = this.#timers.nowMs();
    this.#gpus.set(value.index, { value, atMs });
    if (this.#running) this.#running.lastLineAtMs = atMs;
    this.#wake();
  }

  #onProcessLine(line: string): void {
    const value = parseProcessLine(line);
    if (value) this.#processes.set(value.pid, { value, atMs: this.#timers.nowMs() });
  }

  #onEnd({ isMissing, said }: ProgramEnd): void {
    this.#fail(isMissing ? "missing" : failureIn(said), said);
  }

  #failIfSilent(): void {
    const { nowMs } = this.#timers;
    if (this.#running && this.#gpus.size > 0 && nowMs() - this.#running.lastLineAtMs > SILENCE_LIMIT_MS)
      this.#fail("silent", "");
  }

  #fail(failure: NvidiaFailure, said: string): void {
    this.#stop();
    this.#failure = { value: { kind: "unknown", failure, said: escapeLine(said.trim()) }, atMs: this.#timers.nowMs() };
    this.#wake();
  }

  #stop(): void {
    for (const stop of this.#running?.stops ?? []) stop();
    this.#running = null;
    this.#gpus.clear();
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
