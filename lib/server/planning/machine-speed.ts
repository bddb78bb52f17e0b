import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import * as z from "zod";
import { USUAL_RAM_BYTES_PER_SECOND } from "@/lib/plan/predict-speed";
import type { MachineSpeed } from "@/lib/schema/plan-speed";
import type { Receipt } from "@/lib/schema/receipt";
import { replaceFile } from "@/lib/server/system/replace-file";
import { median } from "@/lib/units/median";

export interface MachineSpeedOptions {
  /** Where the measured bandwidth is kept. */
  readonly path: string;
  /** Changes with the processor: another one is measured again. */
  readonly processor: string;
  readonly threads: number;
  readonly receipts: { list(limit?: number): readonly Receipt[] };
  /** Bytes a second; measures system memory. */
  readonly measure?: (threads: number) => Promise<number>;
}

const keptSchema = z.object({ processor: z.string(), ramBytesPerSecond: z.number().positive() });

/** llama.cpp reads weights at 25 to 33 GB/s where comparing two buffers reads 38 GB/s (2 threads, four model sizes). */
const REACHED_SHARE = 0.75;
/** In one run of the server, one for each question. They take some 50 ms each. */
const MOST_MEASUREMENTS = 4;
/** Older loads may have run with other drivers, threads or programs beside them. */
const LATEST_RECEIPTS = 8;

/** How fast this computer reads weights: its memory, measured once, and what past loads say about the predictions. */
export class MachineSpeedMeter {
  #ramBytesPerSecond: Promise<number> | null = null;
  #measurements = 0;

  constructor(private readonly options: MachineSpeedOptions) {}

  /** @param device name of the present card; null without one */
  async read(device: string | null): Promise<MachineSpeed> {
    this.#ramBytesPerSecond ??= this.#keptOrMeasured();
    const latest = this.options.receipts.list(100);
    const ramBytesPerSecond = await this.#ramBytesPerSecond;
    // Corrections are relative to the bandwidth that their predictions were made with: after the first it stays.
    if (latest.length === 0) this.#measureAgain(ramBytesPerSecond);
    return {
      ramBytesPerSecond,
      gpuCorrection: correctionOf(latest.filter(({ config, device: its }) => config.gpuLayers > 0 && its === device)),
      cpuCorrection: correctionOf(latest.filter(({ config }) => config.gpuLayers === 0)),
    };
  }

  async #keptOrMeasured(): Promise<number> {
    const { path, processor } = this.options;
    try {
      const kept = keptSchema.parse(JSON.parse(readFileSync(path, "utf8")));
      if (kept.processor === processor) return kept.ramBytesPerSecond;
    } catch {
      // Not measured yet, or unreadable: it is measured again.
    }
    return this.#measured(0).catch(() => USUAL_RAM_BYTES_PER_SECOND);
  }

  /** A busy computer reads at a part of its speed, and a first start is a busy moment: the best of a few measurements counts. */
  #measureAgain(bestBytesPerSecond: number): void {
    if (this.#measurements >= MOST_MEASUREMENTS) return;
    this.#ramBytesPerSecond = this.#measured(bestBytesPerSecond).catch(() => bestBytesPerSecond);
  }

  async #measured(atLeastBytesPerSecond: number): Promise<number> {
    const { path, processor, threads, measure = measureRam } = this.options;
    this.#measurements += 1;
    const ramBytesPerSecond = Math.max(atLeastBytesPerSecond, (await measure(threads)) * REACHED_SHARE);
    replaceFile(path, JSON.stringify({ processor, ramBytesPerSecond }));
    return ramBytesPerSecond;
  }
}

/** The median of measured by predicted speed; null before the first. */
function correctionOf(receipts: readonly Receipt[]): number | null {
  const ratios = receipts
    .flatMap(({ tokensPerSecond, predictedTokensPerSecond }) =>
      tokensPerSecond && predictedTokensPerSecond ? [tokensPerSecond / predictedTokensPerSecond] : [],
    )
    .slice(0, LATEST_RECEIPTS);
  return median(ratios);
}

const COMPARED_BYTES = 64 * 1024 * 1024;
const ROUNDS = 4;
/** More threads than these read no faster on a desktop, and would take too much memory. */
const MAX_THREADS = 8;

/** Compares two equal buffers, which reads both of them from end to end, and answers with the seconds it took. */
const readingWorker = `
const { parentPort, workerData } = require("node:worker_threads");
const one = Buffer.alloc(workerData, 1);
const other = Buffer.alloc(workerData, 1);
parentPort.on("message", () => { one.compare(other); parentPort.postMessage(null); });
parentPort.postMessage(null);
`;

/** Bytes that all threads together read from memory in a second: the best of a few rounds of some 10 ms, beside the event loop. */
async function measureRam(threads: number): Promise<number> {
  const count = Math.min(threads, MAX_THREADS);
  const workers = Array.from(
    { length: count },
    () => new Worker(readingWorker, { eval: true, workerData: COMPARED_BYTES }),
  );
  const allAnswer = () =>
    Promise.all(
      workers.map(
        worker =>
          new Promise((resolve, reject) => {
            worker.once("message", resolve);
            worker.once("error", reject);
          }),
      ),
    );
  try {
    await allAnswer();
    let best = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now();
      const answers = allAnswer();
      for (const worker of workers) worker.postMessage(null);
      await answers;
      best = Math.max(best, (count * 2 * COMPARED_BYTES) / ((performance.now() - startedMs) / 1000));
    }
    return best;
  } finally {
    for (const worker of workers) void worker.terminate();
  }
}
