import { type BenchmarkRun, type BenchmarkSubject, benchmarkWayIds } from "@/lib/schema/benchmark";
import type { SpeedSizes } from "@/lib/server/loading/measure-speed";

/** The speed assumed before anything was measured here. It is low on purpose: the first benchmark should end earlier than announced. */
const GUESS = {
  /** Starting the engine, planning, making the context. */
  fixedMs: 2000,
  /** Reading weights from disk. */
  loadBytesPerMs: 1e6,
  /** Decoding reads all weights for each token; two desktop cores manage about this. */
  decodeBytesPerMs: 6e6,
  prefillOverDecode: 5,
} as const;

/** A first guess for one row from the size of the file. */
function guessRowMs(fileBytes: number, sizes: SpeedSizes): number {
  const decodeTokenMs = fileBytes / GUESS.decodeBytesPerMs;
  const repeatMs = decodeTokenMs * (sizes.generatedTokens + sizes.promptTokens / GUESS.prefillOverDecode);
  return GUESS.fixedMs + fileBytes / GUESS.loadBytesPerMs + Math.min(repeatMs * sizes.repeats, sizes.limitMs);
}

/** How long one row will take: as long as last time with this model, preferably on this device; without a last time, a guess. */
export function estimateRowMs(subject: BenchmarkSubject, runs: readonly BenchmarkRun[], sizes: SpeedSizes): number {
  const sameModel = runs.filter(run => run.subject.modelName === subject.modelName);
  const earlier = sameModel.find(run => run.subject.gpuName === subject.gpuName) ?? sameModel[0];
  return earlier === undefined
    ? guessRowMs(subject.modelFileBytes, sizes)
    : earlier.elapsedMs / Math.max(earlier.rows.length, 1);
}

export interface RowTimes {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly rowStartedAtMs: number;
  readonly doneRows: number;
  /** The estimate for a row before the first row was done. */
  readonly estimateRowMs: number;
}

/** How far a run is and what is left of it. Rows that are done replace the estimate. */
export function progressAt(times: RowTimes): { fraction: number; remainingMs: number } {
  const rowMs =
    times.doneRows === 0 ? times.estimateRowMs : (times.rowStartedAtMs - times.startedAtMs) / times.doneRows;
  const rowsLeft = benchmarkWayIds.length - times.doneRows;
  const thisRowMs = rowsLeft === 0 ? 0 : Math.max(0, rowMs - (times.nowMs - times.rowStartedAtMs));
  const remainingMs = thisRowMs + Math.max(0, rowsLeft - 1) * rowMs;
  const elapsedMs = times.nowMs - times.startedAtMs;
  return { fraction: elapsedMs / Math.max(elapsedMs + remainingMs, 1), remainingMs };
}
