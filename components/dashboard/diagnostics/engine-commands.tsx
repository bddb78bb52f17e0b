"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { showToast } from "@/components/ui/toast/toast";
import { errorBody } from "@/lib/client/api-request";
import { commandEngine, diagnosticsStore } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";

const doneWords = {
  load: "The model is loaded",
  unload: "Unloaded; all memory is free again",
  reload: "The model was reloaded",
} as const;

/** Loads, reloads and unloads the model now. */
export function EngineCommands() {
  const engine = useEngine();
  const isLoaded = engine?.config != null;
  const isLoading = engine?.state === "loading";
  const [running, setRunning] = useState<keyof typeof doneWords | null>(null);
  const run = async (command: keyof typeof doneWords) => {
    setRunning(command);
    try {
      await commandEngine(command);
      showToast({ title: doneWords[command] });
    } catch (error) {
      const { message, next } = errorBody(error);
      showToast({ title: message, tone: "bad", ...(next !== undefined && { description: next }) });
    } finally {
      setRunning(null);
      void diagnosticsStore.refresh();
    }
  };
  return (
    <>
      <Button size="sm" disabled={running !== null || isLoading} onClick={() => void run(isLoaded ? "reload" : "load")}>
        {isLoaded ? "Reload now" : "Load now"}
      </Button>
      <Button size="sm" disabled={running === "unload" || !(isLoaded || isLoading)} onClick={() => void run("unload")}>
        {isLoading ? "Stop loading" : "Unload now"}
      </Button>
    </>
  );
}
