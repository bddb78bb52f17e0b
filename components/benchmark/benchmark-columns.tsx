import type { ReactNode } from "react";
import { benchmarkMemory, decodeRatio } from "@/lib/plan/words/explain-benchmark";
import { type BenchmarkRow, type BenchmarkRun, type BenchmarkSubject, decodeChange } from "@/lib/schema/benchmark";
import { formatMib } from "@/lib/units/bytes";
import { formatRate } from "@/lib/units/tokens";

interface Comparison {
  readonly rows: readonly BenchmarkRow[];
  readonly earlier: BenchmarkRun | null;
}

interface BenchmarkColumn {
  readonly label: string;
  readonly cell: (row: BenchmarkRow, comparison: Comparison) => ReactNode;
}

/** The figures of each way. Without a GPU there are no layers to count, and the memory is system memory. */
export function benchmarkColumns(subject: BenchmarkSubject): BenchmarkColumn[] {
  const hasGpu = subject.gpuName !== null;
  const memory = hasGpu ? "GPU memory" : "memory";
  const layers: BenchmarkColumn = {
    label: "Layers on GPU",
    cell: row => `${row.gpuLayers} of ${row.totalLayers}`,
  };
  return [
    ...(hasGpu ? [layers] : []),
    { label: "KV share", cell: row => <KvShare share={benchmarkMemory(row, subject).kvShare} /> },
    { label: `Planned ${memory}`, cell: row => formatMib(benchmarkMemory(row, subject).predictedBytes) },
    { label: `Actual ${memory}`, cell: row => <ActualMemory {...benchmarkMemory(row, subject)} /> },
    { label: "Prefill, tokens/s", cell: row => <Rate rate={row.speed?.prefillTokensPerSecond} /> },
    { label: "Decode, tokens/s", cell: (row, comparison) => <Decode row={row} {...comparison} /> },
  ];
}

function KvShare({ share }: { readonly share: number | null }) {
  if (share === null) return "–";
  return (
    <>
      {Math.round(share * 100)} %
      <ShareBar share={share} fill="var(--kv)" />
    </>
  );
}

function ActualMemory({ predictedBytes, actualBytes }: ReturnType<typeof benchmarkMemory>) {
  if (actualBytes === null) return "–";
  const differenceBytes = actualBytes - predictedBytes;
  const sign = differenceBytes < 0 ? "−" : "+";
  return (
    <>
      {formatMib(actualBytes)}
      <span className="block text-ink-3 text-xs">
        {sign}
        {formatMib(Math.abs(differenceBytes))}
      </span>
    </>
  );
}

const Rate = ({ rate }: { readonly rate: number | undefined }) => (rate === undefined ? "–" : formatRate(rate));

function Decode({ row, rows, earlier }: Comparison & { readonly row: BenchmarkRow }) {
  if (row.speed === null) return "–";
  const fastest = Math.max(...rows.map(other => other.speed?.decodeTokensPerSecond ?? 0));
  const ratio = decodeRatio(row, rows);
  const change = decodeChange(
    row,
    earlier?.rows.find(other => other.id === row.id),
  );
  return (
    <>
      <span className="font-semibold">{formatRate(row.speed.decodeTokensPerSecond)}</span>
      {ratio !== null && row.id !== "none" && <span className="text-ink-3"> {ratio.toFixed(2)}×</span>}
      <ShareBar share={row.speed.decodeTokensPerSecond / fastest} fill="var(--accent)" />
      {change !== null && <span className="block text-ink-3 text-xs">{changeText(change)}</span>}
    </>
  );
}

const changeText = (change: number): string =>
  change === 0 ? "as last time" : `${change < 0 ? "−" : "+"}${Math.abs(change * 100).toFixed(0)} % since last time`;

/** A thin bar under a number. The number gives the value, and the bar lets the eye compare. */
function ShareBar({ share, fill }: { readonly share: number; readonly fill: string }) {
  return (
    <svg aria-hidden="true" className="mt-1 ml-auto block h-1 w-full rounded-full bg-sunken @xl:w-14 @3xl:w-28">
      <rect width={`${Math.min(1, share) * 100}%`} height="100%" rx="2" fill={fill} />
    </svg>
  );
}
