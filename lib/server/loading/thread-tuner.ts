import { join } from "node:path";
import * as z from "zod";
import { type ThreadChoice, type ThreadSpeed, threadSpeedSchema } from "@/lib/schema/settings/thread-choice";
import { JsonLinesFile } from "@/lib/server/system/json-lines-file";

/**
 * With two hardware threads there is nothing to choose: the default model decodes 64 to 84 tokens/s with both and 54 to 59
 * with one, prefill aside.
 */
const MOST_THREADS_NOT_MEASURED = 2;
/** The exchange whose duration decides. Decoding is fastest with few threads, prefill with all. */
const TYPICAL_PROMPT_TOKENS = 256;
const TYPICAL_REPLY_TOKENS = 128;
/** Differences smaller than this are noise; then the larger number stays. */
const WORTH_CHANGING = 0.03;

const threadMeasurementSchema = z.object({
  machine: z.string(),
  sizeClass: z.int(),
  atMs: z.number(),
  speeds: z.array(threadSpeedSchema).min(1),
});
type ThreadMeasurement = z.infer<typeof threadMeasurementSchema>;

export interface Machine {
  /** The processor's own name: a data folder may move to another computer. */
  readonly processor: string;
  /** The result of os.availableParallelism(). */
  readonly threads: number;
}

/** What THREADS "auto" means: every hardware thread, or the number once measured for this machine and size of model. */
export class ThreadTuner {
  readonly #file: JsonLinesFile<typeof threadMeasurementSchema>;
  readonly #machine: string;
  #measurements: ThreadMeasurement[] | null = null;

  constructor(
    dataFolder: string,
    private readonly machine: Machine,
  ) {
    this.#file = new JsonLinesFile(join(dataFolder, "threads.jsonl"), threadMeasurementSchema);
    this.#machine = `${machine.processor} × ${machine.threads}`;
  }

  threadsFor(fileBytes: number): number {
    return this.choice(fileBytes).threads;
  }

  choice(fileBytes: number): ThreadChoice {
    const { threads } = this.machine;
    const measured = this.#measurementOf(fileBytes);
    if (measured !== undefined) {
      const best = fastest(measured.speeds);
      return { threads: best.threads, source: "measured", reason: explain(best, measured), speeds: measured.speeds };
    }
    const reason =
      threads <= MOST_THREADS_NOT_MEASURED
        ? `This computer offers ${threads} hardware ${threads === 1 ? "thread" : "threads"}: with so few, all of them are fastest, and nothing is measured.`
        : `All ${threads} hardware threads, until the speeds of a model of this size have been measured once while the engine is idle.`;
    return { threads, source: "cores", reason, speeds: [] };
  }

  /**
   * Numbers of threads worth trying, largest first; none if the choice is already made.
   *
   * @param mathCores cores that llama.cpp counts as good for computing, without hyper-threads and efficiency cores
   */
  candidates(fileBytes: number, mathCores: number): number[] {
    const { threads } = this.machine;
    if (threads <= MOST_THREADS_NOT_MEASURED || this.#measurementOf(fileBytes) !== undefined) return [];
    const counts = [threads, Math.min(mathCores, threads), Math.ceil(threads / 2)].filter(count => count > 0);
    return [...new Set(counts)].sort((a, b) => b - a);
  }

  async remember(fileBytes: number, speeds: ThreadSpeed[], atMs: number): Promise<void> {
    const measurement = { machine: this.#machine, sizeClass: sizeClassOf(fileBytes), atMs, speeds };
    this.#known().push(measurement);
    await this.#file.append(measurement);
  }

  #measurementOf(fileBytes: number): ThreadMeasurement | undefined {
    const sizeClass = sizeClassOf(fileBytes);
    return this.#known().findLast(known => known.machine === this.#machine && known.sizeClass === sizeClass);
  }

  #known(): ThreadMeasurement[] {
    this.#measurements ??= this.#file.readSync();
    return this.#measurements;
  }
}

/** Models within a factor of two share a measurement. */
const sizeClassOf = (fileBytes: number): number => Math.floor(Math.log2(Math.max(fileBytes, 1)));

const exchangeSeconds = (speed: ThreadSpeed): number =>
  TYPICAL_PROMPT_TOKENS / speed.prefillTokensPerSecond + TYPICAL_REPLY_TOKENS / speed.decodeTokensPerSecond;

/** The thread count that finishes a typical exchange first; of equally fast ones, the largest. */
function fastest(speeds: readonly ThreadSpeed[]): ThreadSpeed {
  const mostFirst = [...speeds].sort((a, b) => b.threads - a.threads);
  return mostFirst.reduce((best, next) =>
    exchangeSeconds(next) < exchangeSeconds(best) * (1 - WORTH_CHANGING) ? next : best,
  );
}

function explain(best: ThreadSpeed, { speeds, atMs }: ThreadMeasurement): string {
  const list = speeds.map(
    ({ threads, decodeTokensPerSecond, prefillTokensPerSecond }) =>
      `${threads} threads: ${prefillTokensPerSecond.toFixed(0)} prompt and ${decodeTokensPerSecond.toFixed(1)} reply tokens/s`,
  );
  return `${best.threads} threads, as measured on ${new Date(atMs).toISOString().slice(0, 10)} for models of this size (${list.join("; ")}).`;
}
