"use client";
import { Download } from "lucide-react";
import { buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { Empty } from "@/components/ui/empty";
import { Cell, RowHead, Table } from "@/components/ui/table";
import { ReceiptChart } from "@/components/vram/memory/receipt-chart";
import { apiAddress } from "@/lib/client/api-request";
import { useReceipts } from "@/lib/client/planning/receipt-store";
import { predictedRate } from "@/lib/plan/speed/receipt-speed";
import { expertsInWords } from "@/lib/plan/words/placement-words";
import { listReceipts } from "@/lib/schema/api/receipts";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { formatMib, MIB } from "@/lib/units/bytes";
import { formatDuration } from "@/lib/units/durations";
import { formatRate, formatTokensShort } from "@/lib/units/tokens";
import { formatWhen } from "./format-when";

const headings = ["Load", "Predicted", "Actual", "Difference", "Decode t/s", "Prefill t/s"];
const SHOWN = 12;

/** Past loads: the prediction against what llama.cpp really took. */
export function ReceiptsTab() {
  const receipts = useReceipts();
  if (receipts === null) return <Empty>Reading past loads…</Empty>;
  if (receipts.length === 0) return <Empty>No model has been loaded yet. Every load leaves a receipt here.</Empty>;
  const shown = receipts.slice(0, SHOWN);
  return (
    <>
      <ReceiptChart receipts={shown} />
      <Table
        caption="Past loads"
        headings={headings}
        className="max-sm:[&_:is(th,td):is(:nth-child(2),:nth-child(4),:nth-child(6))]:hidden max-sm:[&_:is(th,td)]:px-1"
      >
        {shown.map(receipt => (
          <ReceiptRow key={receipt.id} receipt={receipt} />
        ))}
      </Table>
      <p className="mt-3 flex items-center justify-between gap-3 text-ink-3 text-xs">
        <span>{shown.length < receipts.length && `The last ${shown.length} of ${receipts.length} loads.`}</span>
        <a href={apiAddress(listReceipts, {})} download="headroom-receipts.json" className={buttonClass("plain", "sm")}>
          <Download aria-hidden size={14} /> Export JSON
        </a>
      </p>
    </>
  );
}

/** "21 of 33 layers, 32k f16, 4.1 s" */
function loadInWords({ config, totalLayers, loadMs }: Receipt): string {
  const placed = `${config.gpuLayers} of ${totalLayers} layers${expertsInWords(config)}`;
  const layers = config.gpuLayers === 0 ? "CPU" : placed;
  return `${layers}, ${formatTokensShort(config.contextTokens)} ${config.kvType}, ${formatDuration(loadMs).replaceAll(" ", "\u00a0")}`;
}

function ReceiptRow({ receipt }: { readonly receipt: Receipt }) {
  const { config, predicted, actual, buffers } = receipt;
  const differenceBytes = actual.totalBytes - predicted.totalBytes;
  const look = Math.abs(differenceBytes) < MIB ? "font-semibold text-good" : "font-semibold text-warn";
  return (
    <tr>
      <RowHead>
        {formatWhen(receipt.atMs)}
        <span className="block text-ink-3 text-xs whitespace-normal sm:min-w-24">{loadInWords(receipt)}</span>
        {receipt.lowered !== null && (
          <span className="block text-warn text-xs whitespace-normal">{receipt.lowered}</span>
        )}
      </RowHead>
      {config.gpuLayers === 0 ? (
        <>
          <Cell>–</Cell>
          <Cell>{formatMib(buffers.ramWeightsBytes + buffers.ramContextBytes)}</Cell>
          <Cell>in RAM</Cell>
        </>
      ) : (
        <>
          <Cell>{formatMib(predicted.totalBytes)}</Cell>
          <Cell>
            {formatMib(actual.totalBytes)}
            <span className={classNames("block text-xs sm:hidden", look)}>{formatMib(differenceBytes)} off</span>
          </Cell>
          <Cell className={look}>{formatMib(differenceBytes)}</Cell>
        </>
      )}
      <SpeedCell receipt={receipt} phase="decode" />
      <SpeedCell receipt={receipt} phase="prefill" />
    </tr>
  );
}

/** The measured speed, and below it what was predicted for the same place in the context. */
function SpeedCell({ receipt, phase }: { readonly receipt: Receipt; readonly phase: "decode" | "prefill" }) {
  const measured = receipt.speed?.[phase]?.tokensPerSecond ?? (phase === "decode" ? receipt.tokensPerSecond : null);
  const predicted = predictedRate(receipt, phase);
  return (
    <Cell>
      {measured === null ? <span title="Nothing long enough to be timed">–</span> : formatRate(measured)}
      {predicted !== null && (
        <span className="block text-ink-3 text-xs">
          <span className="sr-only">predicted </span>
          <span aria-hidden>of </span>
          {formatRate(predicted)}
        </span>
      )}
    </Cell>
  );
}
