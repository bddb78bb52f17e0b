"use client";
import { classNames } from "@/components/ui/class-names";
import { useEngine } from "@/lib/client/live-store";

/** What the engine could not do, or did differently from the request. It is shown once, above everything. */
export function EngineNotice() {
  const engine = useEngine();
  const error = engine?.error ?? null;
  const text = error === null ? engine?.notice : [error.message, error.next].filter(Boolean).join(" ");
  if (!text) return null;
  return (
    <p
      role={error === null ? "status" : "alert"}
      className={classNames(
        "rounded-card border px-4 py-3",
        error === null ? "border-warn bg-warn-soft" : "border-bad bg-bad-soft",
      )}
    >
      {text} {error !== null && <span className="font-mono text-xs">{error.code}</span>}
    </p>
  );
}
