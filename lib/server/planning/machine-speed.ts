import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import * as z from "zod";
import { evidenceOf } from "@/lib/plan/speed/receipt-speed";
import { USUAL_RAM_BYTES_PER_SECOND } from "@/lib/plan/speed/speed-parts";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { JsonFile } from "@/lib/server/system/json-file";
import { readCpuFlags } from "@/lib/server/system/read-cpu-flags";

export interface MachineSpeedOptions {
  /** Where the measured bandwidth is kept. */
  readonly path: string;
  /** Changes with the processor: another one is measured again. */
  readonly processor: string;
  readonly threads: number;
  readonly vectors?: MachineSpeed["vectors"];
  readonly receipts: { list(limit?: number): readonly Receipt[] };
  /** Bytes a second; measures system memory. */
  readonly measure?: (threads: number) => Promise<number>;
  readonly nowMs?: () => number;
}

const keptSchema = z.object({
  processor: z.string(),
  ramBytesPerSecond: z.number().positive(),
  measuredAtMs: z.number().optional(),
});
type Kept = z.infer<typeof keptSchema>;

/** Starts within this time share one measurement: several `npm run plan` in a row wait half a second only once. */
const ONE_MOMENT_MS = 60_000;

/** llama.cpp reads weights at 25 to 33 GB/s where comparing two buffers reads 38 GB/s (2 threads, four model sizes). */
const REACHED_SHARE = 0.75;
/** Older loads may have run with other drivers, threads or programs beside them. */
const LATEST_RECEIPTS = 100;
/** More add little, and the browser gets them with each plan. */
const MOST_EVIDENCE = 12;

/** How fast this computer reads weights: its memory, measured once, and what past loads say about the predictions. */
export class MachineSpeedMeter {
  #ramBytesPerSecond: Promise<number> | null = null;
  #latest: number | null = null;

  readonly #file: JsonFile<typeof keptSchema>;

  constructor(private readonly options: MachineSpeedOptions) {
    this.#file = new JsonFile(options.path, keptSchema);
  }

  /** @param device name of the present card; null without one */
  async read(device: string | null): Promise<MachineSpeed> {
    const here = this.options.receipts
      .list(LATEST_RECEIPTS)
      .filter(({ config, device: its }) => config.gpuLayers === 0 || its === device);
    return {
      ramBytesPerSecond: await this.ramBytesPerSecond(),
      threads: this.options.threads,
      ...(this.options.vectors && { vectors: this.options.vectors }),
      decode: here.flatMap(receipt => evidenceOf(receipt, "decode") ?? []).slice(0, MOST_EVIDENCE),
      prefill: here.flatMap(receipt => evidenceOf(receipt, "prefill") ?? []).slice(0, MOST_EVIDENCE),
    };
  }

  /** Measured once for this processor. */
  ramBytesPerSecond(): Promise<number> {
    this.#ramBytesPerSecond ??= this.#keptOrMeasured().then(rate => {
      this.#latest = rate;
      return rate;
    });
    return this.#ramBytesPerSecond;
  }

  /** The same without waiting for a measurement, which takes half a second: null before the first one, which this call starts. */
  knownRamBytesPerSecond(): number | null {
    void this.ramBytesPerSecond();
    this.#latest ??= this.#kept()?.ramBytesPerSecond ?? null;
    return this.#latest;
  }

  async #keptOrMeasured(): Promise<number> {
    const kept = this.#kept();
    // Corrections are relative to the bandwidth that their predictions were made with: after the first load it stays. Before it, the
    // best of all starts counts, because a first start is often a busy moment.
    const { processor, threads, receipts, measure = measureRam, nowMs = Date.now } = this.options;
    const ageMs = nowMs() - (kept?.measuredAtMs ?? 0);
    const isOfThisMoment = ageMs >= 0 && ageMs < ONE_MOMENT_MS;
    if (kept !== null && (isOfThisMoment || receipts.list(1).length > 0)) return kept.ramBytesPerSecond;
    try {
      const ramBytesPerSecond = Math.max(kept?.ramBytesPerSecond ?? 0, (await measure(threads)) * REACHED_SHARE);
      const now: Kept = { processor, ramBytesPerSecond, measuredAtMs: nowMs() };
      this.#file.write(now);
      return ramBytesPerSecond;
    } catch {
      return kept?.ramBytesPerSecond ?? USUAL_RAM_BYTES_PER_SECOND;
    }
  }

  /** null if it was not measured yet, with another processor, or where the file is damaged. */
  #kept(): Kept | null {
    const kept = this.#file.read();
    return kept?.processor === this.options.processor ? kept : null;
  }
}

/** @param flags what the processor can do, in Linux' words */
export function vectorsOf(flags = readCpuFlags()): MachineSpeed["vectors"] {
  // llama.cpp's build for AVX-512 needs these; the first processors that had it had fewer.
  if (["avx512f", "avx512bw", "avx512vl", "avx512dq"].every(flag => flags.has(flag))) return "avx512";
  return flags.has("avx2") ? "avx2" : undefined;
}

const COMPARED_BYTES = 64 * 1024 * 1024;
const ROUNDS = 8;
/** Between rounds, so that not all of them fall into another program's busy moment. */
const PAUSE_MS = 60;
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
      if (round > 0) await sleep(PAUSE_MS);
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
