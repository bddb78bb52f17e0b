"use client";
import { MemoryBar } from "@/components/ui/memory-bar";
import { useLive } from "@/lib/client/live-store";
import { heldHere } from "@/lib/client/planning/held-here";
import { formatGib } from "@/lib/units/bytes";
import { HeaderCards } from "./header-cards";

/** The graphics card's memory in 96 pixels; with several cards, a bar for each. Its code loads with the first reading. */
export default function HeaderMeter() {
  const report = useLive(state => state.telemetry?.gpu ?? null);
  const isSeveral = useLive(
    ({ telemetry }) => telemetry !== null && telemetry.gpu.cards.length + telemetry.gpu.lostCards.length > 1,
  );
  const loaded = useLive(state => state.engine?.held ?? null);
  const gpu = report?.memory ?? null;
  if (report === null || gpu === null) return null;
  const held = heldHere(loaded, report);
  const usedBytes = gpu.usedByOthersBytes + gpu.heldByEngineBytes;
  const bar = (
    <MemoryBar
      className="h-2 w-8 shrink-0 rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line-strong)] sm:w-24"
      label="GPU memory"
      valueText={`${formatGib(usedBytes)} of ${formatGib(gpu.totalBytes)} used, ${formatGib(gpu.heldByEngineBytes)} by Headroom`}
      totalBytes={gpu.totalBytes}
      parts={[
        { name: "others", bytes: gpu.usedByOthersBytes, fill: "hatched" },
        { name: "weights", bytes: held?.weightsBytes ?? 0, fill: "var(--weights)" },
        { name: "kv", bytes: held?.kvBytes ?? 0, fill: "var(--kv)" },
        { name: "compute", bytes: held?.computeBytes ?? 0, fill: "var(--compute)" },
        { name: "overhead", bytes: held?.overheadBytes ?? 0, fill: "var(--overhead)" },
      ]}
    />
  );
  return isSeveral ? <HeaderCards bar={bar} /> : bar;
}
