"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { commandEngine } from "@/lib/client/diagnostics-store";

/** What was applied waits for the answer that is being written: said wherever one could believe it done, with the way to not wait. */
export function ReloadWaits() {
  const [isAsked, setAsked] = useState(false);
  const reloadNow = async () => {
    setAsked(true);
    try {
      await commandEngine("load-now");
    } catch (error) {
      showToast({ title: "The model was not reloaded", description: errorBody(error).message, tone: "bad" });
    } finally {
      setAsked(false);
    }
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
