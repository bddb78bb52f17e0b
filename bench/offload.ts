import {
  benchmarkMeaning,
  benchmarkMemory,
  benchmarkSentence,
  decodeRatio,
  subjectText,
} from "@/lib/plan/words/explain-benchmark";
import {
  type BenchmarkRow,
  type BenchmarkRun,
  benchmarkWayIds,
  benchmarkWays,
  decodeChange,
  earlierRunOf,
} from "@/lib/schema/benchmark";
import type { OffloadBenchmark } from "@/lib/server/benchmark/offload-benchmark";
import { buildServices } from "@/lib/server/compose/services";
import { lockDataFolder } from "@/lib/server/http/instance-lock";
import { readEnvironment } from "@/lib/server/system/environment";
import { formatMib } from "@/lib/units/bytes";
import { formatEstimate } from "@/lib/units/durations";
import { formatRate } from "@/lib/units/tokens";
import { printTable } from "./measure/print-table";

const POLL_MS = 250;

/** The dashboard's benchmark in the terminal, with the same code, data folder and earlier runs. */
export async function benchOffload({ json }: { readonly json: boolean }): Promise<void> {
  const app = buildServices(readEnvironment(process.env));
  const unlock = lockDataFolder(app.environment.dataFolder);
  process.once("SIGINT", () => app.benchmark.cancel());
  try {
    const run = await follow(app.benchmark);
    const { runs } = await app.benchmark.state();
    if (json) console.log(JSON.stringify(run));
    else print(run, earlierRunOf(run, runs));
  } finally {
    await app.shutdown();
    unlock();
  }
}

/** Runs the benchmark and prints a line to stderr when a row begins. */
async function follow(benchmark: OffloadBenchmark): Promise<BenchmarkRun> {
  const { next, runs } = await benchmark.state();
  if (next !== null)
    console.error(
      `${subjectText(next.subject)}: ${formatEstimate(next.estimateMs)}${runs.length ? "" : " (a guess)"}.`,
    );
  await benchmark.start();
  let printed = "";
  const timer = setInterval(async () => {
    const { running } = await benchmark.state();
    const doing = running?.wayId ? `${benchmarkWays[running.wayId].label}: ${running.step}` : "";
    if (doing !== "" && doing !== printed)
      console.error(`  ${doing}, ${formatEstimate(running?.remainingMs ?? 0)} left`);
    printed = doing;
  }, POLL_MS);
  const run = await benchmark.finished();
  clearInterval(timer);
  if (run !== null) return run;
  const { problem } = await benchmark.state();
  throw new Error(problem?.message ?? "The benchmark has no result.");
}

function print(run: BenchmarkRun, earlier: BenchmarkRun | null): void {
  const memory = run.subject.gpuName === null ? "memory" : "GPU memory";
  const header = ["", "layers on GPU", "KV share", `planned ${memory}`, "actual", "prefill t/s", "decode t/s", "ratio"];
  printTable(
    [...header, ...(earlier ? ["last time"] : [])],
    run.rows.map(row => [...cellsOf(row, run), ...(earlier ? [changeText(row, earlier)] : [])]),
  );
  console.log(`\n${benchmarkSentence(run)}\n${benchmarkMeaning(run.subject)}`);
  for (const id of benchmarkWayIds) {
    const { label, note } = benchmarkWays[id];
    if (note !== null) console.log(`${label}: ${note}`);
  }
  for (const row of run.rows) {
    const remark = row.problem?.message ?? row.lowered;
    if (remark) console.log(`${benchmarkWays[row.id].label}: ${remark}`);
  }
}

function cellsOf(row: BenchmarkRow, { rows, subject }: BenchmarkRun): string[] {
  const { predictedBytes, actualBytes, kvShare } = benchmarkMemory(row, subject);
  const ratio = decodeRatio(row, rows);
  return [
    `${benchmarkWays[row.id].label} (${row.kvType}, fa ${row.flashAttention})`,
    `${row.gpuLayers} of ${row.totalLayers}`,
    kvShare === null ? "-" : `${Math.round(kvShare * 100)} %`,
    formatMib(predictedBytes),
    actualBytes === null ? "-" : formatMib(actualBytes),
    row.speed === null ? "-" : formatRate(row.speed.prefillTokensPerSecond),
    row.speed === null ? "-" : formatRate(row.speed.decodeTokensPerSecond),
    ratio === null ? "-" : `${ratio.toFixed(2)}x`,
  ];
}

function changeText(row: BenchmarkRow, earlier: BenchmarkRun): string {
  const before = earlier.rows.find(other => other.id === row.id);
  const change = decodeChange(row, before);
  if (change === null) return "-";
  return change === 0 ? "same" : `${change > 0 ? "+" : ""}${(change * 100).toFixed(0)} %`;
}
