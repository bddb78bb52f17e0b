import { join } from "node:path";
import { type BenchmarkRun, benchmarkRunSchema } from "@/lib/schema/benchmark";
import { JsonLinesFile } from "@/lib/server/system/json-lines-file";

/** A run is 2 KiB. Runs beyond this number are too old to compare with. */
const LISTED_RUNS = 50;

/** Benchmarks of this machine that were run to the end. */
export class BenchmarkStore {
  readonly #file: JsonLinesFile<typeof benchmarkRunSchema>;

  constructor(dataFolder: string) {
    this.#file = new JsonLinesFile(join(dataFolder, "benchmarks.jsonl"), benchmarkRunSchema);
  }

  append(run: BenchmarkRun): Promise<void> {
    return this.#file.append(run);
  }

  /** Newest first. */
  async list(): Promise<BenchmarkRun[]> {
    const runs = await this.#file.read();
    return runs.slice(-LISTED_RUNS).reverse();
  }
}
