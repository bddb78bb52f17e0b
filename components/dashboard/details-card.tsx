"use client";
import { memo } from "react";
import { BenchmarkTab } from "@/components/benchmark/benchmark-tab";
import { Tabs } from "@/components/ui/tabs";
import { DiagnosticsTab } from "./diagnostics/diagnostics-tab";
import { ReceiptsTab } from "./receipts-tab";
import { SimpleFormulaTab } from "./simple-formula-tab";

const tabs = [
  { id: "receipts", label: "Receipts", content: <ReceiptsTab /> },
  { id: "simple", label: "Simple formula", shortLabel: "Formula", content: <SimpleFormulaTab /> },
  { id: "benchmark", label: "Benchmark", content: <BenchmarkTab /> },
  { id: "diagnostics", label: "Diagnostics", content: <DiagnosticsTab /> },
];

export const DetailsCard = memo(function DetailsCard() {
  return (
    <section aria-label="Details" className="card h-full min-w-0 p-4 sm:px-[18px]">
      <Tabs label="Details" tabs={tabs} />
    </section>
  );
});
