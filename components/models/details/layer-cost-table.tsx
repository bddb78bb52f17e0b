import { Cell, RowHead, Table } from "@/components/ui/table";
import type { ModelLayers } from "@/lib/schema/models/model-details";
import { formatMib } from "@/lib/units/bytes";
import { groupLayers, type LayerGroup } from "./group-layers";

interface LayerCostTableProps {
  readonly layers: ModelLayers["perLayer"];
  readonly hasGpu: boolean;
}

function nameOf({ first, last, count }: LayerGroup): string {
  if (first.role === "embedding") return "Token embedding";
  if (first.role === "output") return "Output";
  return count === 1 ? `Layer ${first.index}` : `Layers ${first.index} to ${last.index}`;
}

const placeOf = ({ device, expertBytesInRam }: LayerGroup["first"]): string => {
  if (device === "cpu") return "RAM";
  return expertBytesInRam > 0 ? "GPU, experts in RAM" : "GPU";
};

export function LayerCostTable({ layers, hasGpu }: LayerCostTableProps) {
  return (
    <Table
      caption="Cost of each layer"
      headings={["Layer", ...(hasGpu ? ["Where"] : []), "Weights each", "KV cache each", "Together"]}
    >
      {groupLayers(layers).map(group => {
        const { first, count } = group;
        return (
          <tr key={`${first.role}${first.index}`}>
            <RowHead>{nameOf(group)}</RowHead>
            {hasGpu && <Cell>{placeOf(first)}</Cell>}
            <Cell>{formatMib(first.weightsBytes)}</Cell>
            <Cell>{first.kvBytes === 0 ? "–" : formatMib(first.kvBytes)}</Cell>
            <Cell>{formatMib((first.weightsBytes + first.kvBytes) * count)}</Cell>
          </tr>
        );
      })}
    </Table>
  );
}
