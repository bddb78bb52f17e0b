import { type BenchmarkRow, type BenchmarkRun, type BenchmarkSubject, benchmarkWays } from "@/lib/schema/benchmark";
import { formatMib } from "@/lib/units/bytes";
import { formatRate, formatTokens } from "@/lib/units/tokens";

/** One row's memory on the benchmarked device: the card, or system memory when there is no card. */
export interface BenchmarkMemory {
  readonly predictedBytes: number;
  readonly actualBytes: number | null;
  /** The KV cache's share of the predicted memory, 0..1; null if nothing is placed on the device. */
  readonly kvShare: number | null;
}

const measuredDevice = (subject: BenchmarkSubject): "gpuBytes" | "ramBytes" =>
  subject.gpuName === null ? "ramBytes" : "gpuBytes";

export function benchmarkMemory(row: BenchmarkRow, subject: BenchmarkSubject): BenchmarkMemory {
  const device = measuredDevice(subject);
  const predictedBytes = row.predicted[device];
  return {
    predictedBytes,
    actualBytes: row.actual?.[device] ?? null,
    kvShare: predictedBytes === 0 ? null : row.kv[device] / predictedBytes,
  };
}

const rowOf = (rows: readonly BenchmarkRow[], id: BenchmarkRow["id"]) => rows.find(row => row.id === id);

/** How many times as fast this way decodes as the one without optimization; null if either was not measured. */
export function decodeRatio(row: BenchmarkRow, rows: readonly BenchmarkRow[]): number | null {
  const plain = rowOf(rows, "none")?.speed;
  return plain && row.speed ? row.speed.decodeTokensPerSecond / plain.decodeTokensPerSecond : null;
}

/** The way that decodes fastest; null if none could be measured. */
export function fastestRow(rows: readonly BenchmarkRow[]): BenchmarkRow | null {
  const measured = rows.filter(row => row.speed !== null);
  const rate = (row: BenchmarkRow) => row.speed?.decodeTokensPerSecond ?? 0;
  return measured.reduce<BenchmarkRow | null>(
    (best, row) => (best === null || rate(row) > rate(best) ? row : best),
    null,
  );
}

/** A run's result in one or two sentences. */
export function benchmarkSentence({ rows, subject }: BenchmarkRun): string {
  const fastest = fastestRow(rows);
  if (fastest?.speed == null) return "None of the four ways could be measured.";
  const { decodeTokensPerSecond, decodeSpread } = fastest.speed;
  const rate = `${formatRate(decodeTokensPerSecond)} tokens/s`;
  const ratio = decodeRatio(fastest, rows);
  const plain = rowOf(rows, "none");
  const noise = Math.max(decodeSpread, plain?.speed?.decodeSpread ?? 0);
  if (ratio !== null && ratio - 1 <= noise)
    return `No way decodes clearly faster than without optimization: ${rate} at best. ${memorySentence(rows, subject)}`;
  const gain = ratio === null ? "" : `, ${ratio.toFixed(2)} times as fast as without optimization`;
  return `“${benchmarkWays[fastest.id].label}” decodes fastest: ${rate}${gain}. ${layersSentence(fastest, plain) ?? memorySentence(rows, subject)}`;
}

function layersSentence(fastest: BenchmarkRow, plain: BenchmarkRow | undefined): string | null {
  if (plain === undefined || fastest.gpuLayers <= plain.gpuLayers) return null;
  return `${fastest.gpuLayers} instead of ${plain.gpuLayers} of ${plain.totalLayers} layers are on the GPU.`;
}

function memorySentence(rows: readonly BenchmarkRow[], subject: BenchmarkSubject): string {
  const device = measuredDevice(subject);
  const used = (id: BenchmarkRow["id"]) => rowOf(rows, id)?.actual?.[device];
  const [plainBytes, allBytes] = [used("none"), used("all")];
  if (plainBytes === undefined || allBytes === undefined || allBytes >= plainBytes) return "";
  const where = device === "gpuBytes" ? "GPU memory" : "system memory";
  return `A q4_0 cache with flash attention saves ${formatMib(plainBytes - allBytes, 0)} of ${where}.`;
}

/** What the four rows compare on this device. */
export function benchmarkMeaning({ gpuName, threads }: BenchmarkSubject): string {
  if (gpuName !== null)
    return `Each row places as many layers on ${gpuName} as fit at the same context; the rest runs on ${threads} CPU threads.`;
  return (
    `This computer has no GPU that llama.cpp can use, so no layers are offloaded: all four ways run on the CPU with ${threads} threads. ` +
    "What they compare here is system memory and speed: flash attention needs less working memory, a quantized KV cache is smaller but is unpacked again for every token."
  );
}

/** "SmolLM2 135M, 4,096 tokens of context" */
export const subjectText = ({ modelName, contextTokens, gpuName }: BenchmarkSubject): string =>
  `${modelName}, ${formatTokens(contextTokens)} tokens of context, ${gpuName ?? "CPU only"}`;
