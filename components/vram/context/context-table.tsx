import { memo } from "react";
import { Cell, RowHead, Table } from "@/components/ui/table";
import type { ContextImpact, ContextRow } from "@/lib/plan/advice/context-impact";
import { isMixed, type KvType, kvElementTypes, ofKvType } from "@/lib/schema/plans/kv-type";
import { formatMib, MIB } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

interface ContextTableProps {
  readonly impact: ContextImpact;
  readonly contextTokens: number;
  /** The planned KV type. The cost of a layer and the simple formula's result are shown for it. */
  readonly kvType: KvType;
  readonly totalLayers: number;
  readonly onPick: (contextTokens: number) => void;
}

/** One for each type that K and V can both have, and one for the chosen mixed one. */
const columnsOf = (kvType: KvType): readonly KvType[] =>
  isMixed(kvType) ? [...kvElementTypes, kvType] : kvElementTypes;

const headings = (kvType: KvType) => ["Context", `KV a layer, ${kvType}`, ...columnsOf(kvType), "Simple"];

/** Layers that fit at each context size. Pressing a size sets it. */
export const ContextTable = memo(function ContextTable({
  impact,
  contextTokens,
  kvType,
  totalLayers,
  onPick,
}: ContextTableProps) {
  return (
    <Table caption="Layers that fit by context size" headings={headings(kvType)}>
      {impact.rows.map(row => (
        <ImpactRow
          key={row.contextTokens}
          row={row}
          usable={impact.kvTypes}
          kvType={kvType}
          isCurrent={row.contextTokens === contextTokens}
          totalLayers={totalLayers}
          onPick={onPick}
        />
      ))}
    </Table>
  );
});

interface ImpactRowProps extends Pick<ContextTableProps, "kvType" | "totalLayers" | "onPick"> {
  readonly row: ContextRow;
  readonly usable: readonly KvType[];
  readonly isCurrent: boolean;
}

const NotPossible = () => <span title="Not possible with this model and these settings">–</span>;

function ImpactRow({ row, isCurrent, usable, kvType, totalLayers, onPick }: ImpactRowProps) {
  const kvBytes = ofKvType(row.kvPerLayerBytes, kvType);
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
      <Cell>{formatMib(kvBytes, kvBytes % MIB === 0 ? 0 : 1)}</Cell>
      {columnsOf(kvType).map(type => (
        <Cell
          key={type}
          className={
            ofKvType(row.gpuLayers, type) === totalLayers && usable.includes(type)
              ? "font-semibold text-good"
              : undefined
          }
        >
          {usable.includes(type) ? (
            ofKvType(row.gpuLayers, type) === 0 ? (
              "CPU"
            ) : (
              ofKvType(row.gpuLayers, type)
            )
          ) : (
            <NotPossible />
          )}
        </Cell>
      ))}
      <Cell className="text-ink-2">{row.simpleLayers ?? <span title="No card to divide">–</span>}</Cell>
    </tr>
  );
}
