"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/switch";
import { useEngine } from "@/lib/client/live-store";
import { usePlanCard } from "@/lib/client/planning/plan-store";
import { resetDraft, useAnotherModel, useSettings } from "@/lib/client/planning/settings-store";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import { applyAndReport } from "./apply-and-report";
import { applyLabel, changesInWords, costInWords } from "./apply-words";
import { DifferenceList } from "./difference-list";
import { RamGuardSwitch, useRamGuard } from "./ram-guard";
import { ReloadWaits } from "./reload-waits";
import { useApplyDifference } from "./use-apply-difference";
import { useApplyPreview } from "./use-apply-preview";

/**
 * Appears when a change waits to be applied: what changes, what it costs, and the buttons to apply or discard. Beside the settings it
 * is their footer. If the settings are further down the page, it stands at the bottom of the window, because the change may come
 * from anywhere on the page.
 */
export function ApplyBar() {
  const saved = useSettings(state => state.saved);
  const patch = useSettings(state => state.patch);
  const another = useAnotherModel();
  const loadWaits = useEngine()?.loadWaits === true;
  const changes = saved === null ? [] : changesInWords(saved, patch);
  const isFree = changes.length === 0 && (another === null || isRemoteSource(another));
  if (isFree && !loadWaits) return null;
  return (
    <div
      data-apply-bar=""
      className="fixed inset-x-0 bottom-0 z-20 flex flex-col gap-2 border-line border-t bg-surface px-4 py-3 shadow-pop sm:flex-row sm:items-center sm:gap-x-6 lg:static lg:flex-col lg:items-stretch lg:rounded-b-card lg:p-4 lg:shadow-none"
    >
      {loadWaits && <ReloadWaits />}
      {isFree ? null : another === null ? (
        <>
          <ApplyCost changes={changes} />
          <ApplyButtons />
        </>
      ) : (
        <AnotherModel source={another} changes={changes} />
      )}
    </div>
  );
}

/** The planned model is not the loaded one: a file of the library can be chosen, a remote model cannot. */
function AnotherModel({ source, changes }: { readonly source: string; readonly changes: readonly string[] }) {
  const patch = useSettings(state => state.patch);
  const isApplying = useSettings(state => state.applying);
  const isRemote = isRemoteSource(source);
  const guard = useRamGuard();
  return (
    <>
      <p role="status" className="min-w-0 flex-1 text-sm">
        {changes.length > 0 && <strong className="block font-semibold">{changes.join(", ")}</strong>}
        {isRemote ? "Only planned: this model is not on this computer." : "Unloads the present model. Chats are kept."}
      </p>
      <div className="flex flex-wrap items-center gap-2">
        {!isRemote && <RamGuardSwitch guard={guard} />}
        {!isRemote && (
          <Button
            look="primary"
            className="min-w-0 flex-1 justify-center"
            disabled={isApplying || guard.isBlocked}
            onClick={() => void applyAndReport({ ...patch, MODEL: source }, "all", guard.isMeant)}
          >
            {isApplying ? "Loading…" : "Use this model"}
          </Button>
        )}
        {changes.length > 0 && (
          <Button disabled={isApplying} onClick={resetDraft}>
            Reset
          </Button>
        )}
      </div>
    </>
  );
}

function ApplyCost({ changes }: { readonly changes: readonly string[] }) {
  const preview = useApplyPreview();
  const state = useEngine()?.state;
  const differences = useApplyDifference();
  const { isAssumed } = usePlanCard();
  return (
    <div role="status" className="min-w-0 flex-1 text-sm">
      <p className="font-semibold">{changes.join(", ")}</p>
      <DifferenceList differences={differences} rowClass="lg:w-full lg:justify-between" />
      {preview && (
        <p className="text-ink-2">
          {isAssumed && "On this computer: "}
          {costInWords(preview, state)}
        </p>
      )}
    </div>
  );
}

function ApplyButtons() {
  const patch = useSettings(state => state.patch);
  const isApplying = useSettings(state => state.applying);
  const preview = useApplyPreview();
  const isAnswering = useEngine()?.state === "generating";
  const [isForModel, setForModel] = useState(false);
  const guard = useRamGuard();
  // A change that loads nothing needs no memory.
  const isLoad = preview?.cost !== "nothing";
  return (
    <div className="flex flex-wrap items-center gap-2">
      {isLoad && <RamGuardSwitch guard={guard} />}
      <div className="flex min-h-6 items-center justify-between gap-2 text-ink-2 text-sm max-sm:w-full lg:w-full">
        <span aria-hidden>Only for this model</span>
        <Switch label="Only for this model" checked={isForModel} onChange={setForModel} />
      </div>
      <Button
        look="primary"
        className="min-w-0 flex-1 justify-center"
        disabled={isApplying || (isLoad && guard.isBlocked)}
        onClick={() => void applyAndReport(patch, isForModel ? "model" : "all", guard.isMeant)}
      >
        <span className="whitespace-normal">
          {isApplying ? "Applying…" : preview ? applyLabel(preview, isAnswering) : "Apply"}
        </span>
      </Button>
      <Button disabled={isApplying} onClick={resetDraft}>
        Reset
      </Button>
    </div>
  );
}
