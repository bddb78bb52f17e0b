"use client";
import type { ReactNode } from "react";
import { useLive } from "@/lib/client/live-store";

/** Why there is no GPU and what to do about it. The words come from the probe. */
export function NoGpu({ children }: { readonly children?: ReactNode }) {
  const gpu = useLive(state => state.telemetry?.gpu ?? null);
  if (gpu === null || gpu.memory !== null) return null;
  return (
    <div className="mt-4 flex flex-wrap items-center gap-x-4 gap-y-2 border-line border-t pt-3 text-sm">
      <div className="min-w-0 flex-1 basis-72">
        <p className="font-semibold">{gpu.reason ?? "No graphics card can be used."}</p>
        {gpu.remedy !== null && <p className="text-ink-2">{gpu.remedy}</p>}
      </div>
      {children}
    </div>
  );
}
