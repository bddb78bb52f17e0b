import { Card } from "@/components/ui/card";
import { Cell, RowHead, Table, TextCell } from "@/components/ui/table";
import type { ModelDetails, TensorKindName } from "@/lib/schema/models/model-details";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

const kindWords: Record<TensorKindName, string> = {
  attention: "Attention",
  "feed-forward": "Feed-forward",
  experts: "Experts",
  router: "Router",
  recurrent: "Recurrent",
  norm: "Norms",
  embedding: "Embedding",
  output: "Output",
  other: "Other",
};

/** What the weights are for, and in which types they are stored. */
export function TensorsCard({ header }: { readonly header: NonNullable<ModelDetails["header"]> }) {
  const totalBytes = header.kinds.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <Card heading="Tensors" aside={`${formatTokens(header.tensors)} · ${formatBytes(totalBytes)}`}>
      <Table caption="Tensors by kind" headings={["Kind", "Count", "Size", "Share", "Types"]} endsInText>
        {header.kinds.map(({ kind, tensors, bytes, types }) => (
          <tr key={kind}>
            <RowHead>{kindWords[kind]}</RowHead>
            <Cell>{formatTokens(tensors)}</Cell>
            <Cell>{formatBytes(bytes)}</Cell>
            <Cell>{shareOf(bytes, totalBytes)}</Cell>
            <TextCell>
              {types.map(({ type, tensors: count }) => (types.length === 1 ? type : `${type} × ${count}`)).join(", ")}
            </TextCell>
          </tr>
        ))}
      </Table>
    </Card>
  );
}

function shareOf(bytes: number, totalBytes: number): string {
  const percent = totalBytes === 0 ? 0 : (bytes / totalBytes) * 100;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}
