"use client";
import { Button } from "@/components/ui/button";
import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { applySettings, resetDraft, useSettings } from "@/lib/client/settings-store";
import type { SettingsPatch } from "@/lib/schema/settings";
import { applyLabel, changesInWords, costInWords } from "./apply-words";
import { useApplyPreview } from "./use-apply-preview";

async function apply(patch: SettingsPatch, title: string, canUndo: boolean): Promise<void> {
  try {
    const undo = await applySettings(patch);
    showToast({
      title,
      ...(canUndo && { action: { label: "Undo", run: () => void apply(undo, "Taken back", false) } }),
    });
  } catch (error) {
    const { message, next } = errorBody(error);
    showToast({ title: message, tone: "bad", ...(next !== undefined && { description: next }) });
  }
}

/** Appears when something waits to be applied: what changes, what it costs, and the two ways out. */
export function ApplyBar() {
  const saved = useSettings(state => state.saved);
  const patch = useSettings(state => state.patch);
  const isApplying = useSettings(state => state.applying);
  const preview = useApplyPreview();
  const changes = saved === null ? [] : changesInWords(saved, patch);
  if (changes.length === 0) return null;
  return (
    <div className="sticky bottom-0 z-10 flex flex-col gap-2 rounded-b-card border-line border-t bg-surface p-4">
      <div className="text-sm" role="status">
        <p className="font-semibold">{changes.join(", ")}</p>
        {preview && <p className="text-ink-2">{costInWords(preview)}</p>}
      </div>
      <div className="flex gap-2">
        <Button look="primary" disabled={isApplying} onClick={() => void apply(patch, "Settings applied", true)}>
          {isApplying ? "Applying…" : preview ? applyLabel(preview) : "Apply"}
        </Button>
        <Button disabled={isApplying} onClick={resetDraft}>
          Reset
        </Button>
      </div>
    </div>
  );
}
