"use client";
import Link from "next/link";
import { lazy, Suspense } from "react";
import { classNames } from "@/components/ui/class-names";
import { useLive } from "@/lib/client/live-store";
import { type EngineTone, engineWords, layersWords } from "./engine-words";

const HeaderMeter = lazy(() => import("./header-meter"));

const dotClass: Record<EngineTone, string> = {
  good: "bg-good",
  busy: "bg-kv motion-safe:animate-pulse",
  idle: "bg-line-strong",
  bad: "bg-bad",
};

/** Layers, memory and state. All of it links to the dashboard. */
export function EngineStatus() {
  const engine = useLive(state => state.engine);
  const lost = useLive(state => state.connection === "lost");
  const hasCard = useLive(state => state.telemetry?.gpu.memory != null);
  const layers = engine && layersWords(engine);
  const words = lost ? { text: "no connection", tone: "bad" as const } : engine ? engineWords(engine) : null;
  return (
    <Link
      href="/dashboard"
      prefetch={false}
      className="flex min-h-8 min-w-0 items-center gap-2 overflow-hidden rounded-control px-1 text-ink-2 text-sm whitespace-nowrap hover:bg-sunken sm:gap-4 sm:px-2"
    >
      {layers && (
        <span>
          <strong className="font-semibold text-ink tabular-nums">{layers.count}</strong>
          {layers.rest && <span className="hidden sm:inline md:hidden lg:inline"> {layers.rest}</span>}
        </span>
      )}
      <Suspense>{hasCard && <HeaderMeter />}</Suspense>
      {words && (
        <span className="flex min-w-0 items-center gap-1.5">
          <span aria-hidden className={classNames("size-2 shrink-0 rounded-full", dotClass[words.tone])} />
          <span className={classNames("truncate tabular-nums", words.tone === "good" && "sr-only sm:not-sr-only")}>
            {words.text}
          </span>
        </span>
      )}
    </Link>
  );
}
