"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";

const doneWords = {
  load: "The model is loaded",
  unload: "Unloaded; all memory is free again",
  reload: "The model was loaded anew",
} as const;

/** Loads, reloads and unloads the model now. */
export function EngineCommands() {
  const isLoaded = useEngine()?.config != null;
  const [isBusy, setBusy] = useState(false);
  const run = async (command: keyof typeof doneWords) => {
    setBusy(true);
    try {
      await commandEngine(command);
      showToast({ title: doneWords[command] });
    } catch (error) {
      const { message, next } = errorBody(error);
      showToast({ title: message, tone: "bad", ...(next !== undefined && { description: next }) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button size="sm" disabled={isBusy} onClick={() => void run(isLoaded ? "reload" : "load")}>
        {isLoaded ? "Reload now" : "Load now"}
      </Button>
      <Button size="sm" disabled={isBusy || !isLoaded} onClick={() => void run("unload")}>
        Unload now
      </Button>
    </>
  );
}
