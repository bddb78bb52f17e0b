"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/switch";
import { resetDraft, useSettings } from "@/lib/client/settings-store";
import { applyAndReport } from "./apply-settings";
import { applyLabel, changesInWords, costInWords } from "./apply-words";
import { useApplyPreview } from "./use-apply-preview";

/** Appears when something waits to be applied: what changes, what it costs, and the two ways out. */
export function ApplyBar() {
  const saved = useSettings(state => state.saved);
  const patch = useSettings(state => state.patch);
  const isApplying = useSettings(state => state.applying);
  const preview = useApplyPreview();
  const [isForModel, setForModel] = useState(false);
  const changes = saved === null ? [] : changesInWords(saved, patch);
  if (changes.length === 0) return null;
  return (
    <div className="sticky bottom-0 z-10 flex flex-col gap-2 rounded-b-card border-line border-t bg-surface p-4">
      <div className="text-sm" role="status">
        <p className="font-semibold">{changes.join(", ")}</p>
        {preview && <p className="text-ink-2">{costInWords(preview)}</p>}
      </div>
      <div className="flex min-h-6 items-center justify-between gap-2 text-ink-2 text-sm">
        <span aria-hidden>Only for this model</span>
        <Switch label="Only for this model" checked={isForModel} onChange={setForModel} />
      </div>
      <div className="flex gap-2">
        <Button
          look="primary"
          className="min-w-0 flex-1 justify-center"
          disabled={isApplying}
          onClick={() => void applyAndReport(patch, isForModel ? "model" : "all")}
        >
          <span className="whitespace-normal">
            {isApplying ? "Applying…" : preview ? applyLabel(preview) : "Apply"}
          </span>
        </Button>
        <Button disabled={isApplying} onClick={resetDraft}>
          Reset
        </Button>
      </div>
    </div>
  );
}
