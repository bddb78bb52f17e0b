"use client";
import { type ReactNode, useEffect } from "react";
import { MemoryBar } from "@/components/ui/memory-bar";
import { showToast } from "@/components/ui/toast/toast";
import { useLive } from "@/lib/client/live-store";
import type { CardReading, GpuReport } from "@/lib/schema/plans/gpu-memory";
import { formatGib } from "@/lib/units/bytes";

/** Thin bars are still told apart up to this number. */
const MOST_BARS = 4;
const noCards: readonly CardReading[] = [];
const noneLost: GpuReport["lostCards"] = [];

/** Several cards in the header: a thin bar for each, and a message when one is lost. */
export function HeaderCards({ bar }: { readonly bar: ReactNode }) {
  const cards = useLive(state => state.telemetry?.gpu.cards ?? noCards);
  useLostCards();
  if (cards.length < 2 || cards.length > MOST_BARS || cards.some(({ memory }) => memory === null)) return bar;
  return (
    <span className="flex shrink-0 flex-col gap-0.5">
      {cards.map(
        ({ id, name, memory, position }, index) =>
          memory && <CardBar key={id} name={`card ${position ?? index}, ${name}`} memory={memory} />,
      )}
    </span>
  );
}

interface CardBarProps {
  readonly name: string;
  readonly memory: NonNullable<CardReading["memory"]>;
}

function CardBar({ name, memory: { totalBytes, freeBytes, heldByEngineBytes } }: CardBarProps) {
  const usedBytes = totalBytes - freeBytes;
  return (
    <MemoryBar
      className="h-1.5 w-8 rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line-strong)] sm:w-24"
      label={`GPU memory of ${name}`}
      valueText={`${formatGib(usedBytes)} of ${formatGib(totalBytes)} used, ${formatGib(heldByEngineBytes)} by Headroom`}
      totalBytes={totalBytes}
      parts={[
        { name: "others", bytes: usedBytes - heldByEngineBytes, fill: "hatched" },
        { name: "headroom", bytes: heldByEngineBytes, fill: "var(--weights)" },
      ]}
    />
  );
}

/** Each loss is announced once, on the open screen; the dashboard shows it as long as it lasts. */
function useLostCards(): void {
  const lost = useLive(state => state.telemetry?.gpu.lostCards ?? noneLost);
  const text = lost.map(({ name, pciAddress }) => (pciAddress === null ? name : `${name} (${pciAddress})`)).join(", ");
  useEffect(() => {
    if (text !== "")
      showToast({
        title: "A graphics card no longer answers",
        description: `${text} is gone. The plan now is for what is left; reload the model to run it there.`,
        tone: "bad",
      });
  }, [text]);
}
