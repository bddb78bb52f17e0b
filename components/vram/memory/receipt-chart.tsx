import type { MemoryParts, Receipt } from "@/lib/schema/plans/receipt";
import { formatMib } from "@/lib/units/bytes";

const parts = [
  { key: "weightsBytes", fill: "var(--weights)" },
  { key: "kvBytes", fill: "var(--kv)" },
  { key: "computeBytes", fill: "var(--compute)" },
  { key: "overheadBytes", fill: "var(--overhead)" },
] as const satisfies readonly { key: keyof MemoryParts; fill: string }[];

const HEIGHT = 72;
const PAIR_WIDTH = 34;

/** The newest loads are at the right: predicted and actual side by side, part by part. The heights should be equal. */
export function ReceiptChart({ receipts }: { readonly receipts: readonly Receipt[] }) {
  const onGpu = receipts.filter(receipt => receipt.predicted.totalBytes > 0).reverse();
  const most = Math.max(...onGpu.flatMap(receipt => [receipt.predicted.totalBytes, receipt.actual.totalBytes]), 1);
  if (onGpu.length < 2) return null;
  return (
    <figure className="mb-3">
      <svg
        role="img"
        aria-label={`Predicted and actual memory of the last ${onGpu.length} loads, at most ${formatMib(most)}`}
        viewBox={`0 0 ${PAIR_WIDTH * onGpu.length} ${HEIGHT}`}
        height={HEIGHT}
        className="block max-w-full"
      >
        {onGpu.map((receipt, index) => (
          <g key={receipt.id} transform={`translate(${index * PAIR_WIDTH} 0)`}>
            <Stack memory={receipt.predicted} mostBytes={most} x={3} opacity={0.55} />
            <Stack memory={receipt.actual} mostBytes={most} x={17} opacity={1} />
          </g>
        ))}
      </svg>
      <figcaption className="mt-1 text-ink-3 text-xs">each pair: predicted (paler), actual</figcaption>
    </figure>
  );
}

interface StackProps {
  readonly memory: MemoryParts;
  readonly mostBytes: number;
  readonly x: number;
  readonly opacity: number;
}

function Stack({ memory, mostBytes, x, opacity }: StackProps) {
  let top = HEIGHT;
  return parts.map(({ key, fill }) => {
    const height = (memory[key] / mostBytes) * (HEIGHT - 2);
    top -= height;
    return <rect key={key} x={x} y={top} width="12" height={height} fill={fill} opacity={opacity} />;
  });
}
