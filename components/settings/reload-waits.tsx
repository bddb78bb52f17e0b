"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";

/** The same as its own line, for screens without a bar. Renders nothing while no change waits. */
export function ReloadWaitsBanner() {
  const loadWaits = useEngine()?.loadWaits === true;
  if (!loadWaits) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card bg-accent-soft px-3.5 py-2">
      <ReloadWaits />
    </div>
  );
}

/** Says that an applied change waits for the answer in progress, and offers not to wait. Shown wherever a user could think that it is done. */
export function ReloadWaits() {
  const [isAsked, setAsked] = useState(false);
  const reloadNow = async () => {
    setAsked(true);
    await reportFailure("The model was not reloaded", () => commandEngine("load-now"));
    setAsked(false);
  };
  return (
    <>
      <p role="status" className="min-w-0 flex-1 text-sm">
        <strong className="font-semibold">Reloads after this answer.</strong>{" "}
        <span className="text-ink-2">The settings are saved. Reloading now ends the answer with what it has.</span>
      </p>
      <Button className="justify-center" disabled={isAsked} onClick={() => void reloadNow()}>
        Reload now
      </Button>
    </>
  );
}
