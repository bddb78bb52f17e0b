import { memo } from "react";
import { Cell, RowHead, Table } from "@/components/ui/table";
import type { ContextImpact, ContextRow } from "@/lib/plan/context-impact";
import { kvTypes } from "@/lib/schema/kv-type";
import { formatMib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

interface ContextTableProps {
  readonly impact: ContextImpact;
  readonly contextTokens: number;
  readonly totalLayers: number;
  readonly onPick: (contextTokens: number) => void;
}

const headings = ["Context", "KV a layer, f16", ...kvTypes, "Simple"];

/** Layers that fit at each context size; pressing a size sets it. */
export const ContextTable = memo(function ContextTable({
  impact,
  contextTokens,
  totalLayers,
  onPick,
}: ContextTableProps) {
  return (
    <Table caption="Layers that fit by context size" headings={headings}>
      {impact.rows.map(row => (
        <ImpactRow
          key={row.contextTokens}
          row={row}
          isCurrent={row.contextTokens === contextTokens}
          totalLayers={totalLayers}
          onPick={onPick}
        />
      ))}
    </Table>
  );
});

interface ImpactRowProps extends Pick<ContextTableProps, "totalLayers" | "onPick"> {
  readonly row: ContextRow;
  readonly isCurrent: boolean;
}

function ImpactRow({ row, isCurrent, totalLayers, onPick }: ImpactRowProps) {
  return (
    <tr aria-current={isCurrent ? "true" : undefined} className="aria-[current]:bg-accent-soft">
      <RowHead className="py-0.5">
        <button
          type="button"
          onClick={() => onPick(row.contextTokens)}
          className="min-h-7 rounded-[6px] underline decoration-line-strong underline-offset-4 hover:decoration-accent"
        >
          {formatTokens(row.contextTokens)} <span className="sr-only">tokens: use this context size</span>
        </button>
      </RowHead>
      <Cell>{formatMib(row.kvPerLayerBytes, row.kvPerLayerBytes % 1_048_576 === 0 ? 0 : 1)}</Cell>
      {kvTypes.map(kvType => (
        <Cell key={kvType} className={row.gpuLayers[kvType] === totalLayers ? "font-semibold text-good" : undefined}>
          {row.gpuLayers[kvType] === 0 ? "CPU" : row.gpuLayers[kvType]}
        </Cell>
      ))}
      <Cell className="text-ink-2">{row.simpleLayers ?? <span title="No card to divide">–</span>}</Cell>
    </tr>
  );
}
