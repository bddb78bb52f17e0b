"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { answerWith, engineListStore } from "@/lib/client/models/engine-list-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import { setLlamaServer } from "@/lib/schema/api/engines";
import { LLAMA_SERVER_ID } from "@/lib/schema/engines/other-engine";
import { PathField } from "../path-field";

interface LlamaServerCardProps {
  readonly path: string | null;
  readonly isAnswering: boolean;
}

/** llama.cpp's own server as a program of this computer, which Headroom starts with the plan. */
export function LlamaServerCard({ path, isAnswering }: LlamaServerCardProps) {
  const [isChoosing, setChoosing] = useState(false);
  const model = useSettings(state => state.saved?.MODEL);
  const use = (name: string) =>
    reportFailure("llama-server was not started", async () => {
      await answerWith({ engineId: LLAMA_SERVER_ID, model: name });
      await commandEngine("load");
    });
  return (
    <section aria-label="llama-server" className="card p-4">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-56">
          <h2 className="font-semibold">llama-server on this computer</h2>
          <p className="wrap-anywhere text-ink-2 text-sm">
            {path === null
              ? "Not found on PATH. With its path, Headroom starts and stops it itself."
              : `${path}. Headroom starts it with the plan of the chosen model, and stops it.`}
          </p>
        </div>
        <div className="flex flex-wrap items-center gap-2">
          {isAnswering && <span className="font-semibold text-good text-sm">In use</span>}
          {!isAnswering && path !== null && model !== undefined && (
            <Button size="sm" aria-label={`Use llama-server with ${model}`} onClick={() => void use(model)}>
              Use it
            </Button>
          )}
          <Button size="sm" aria-expanded={isChoosing} onClick={() => setChoosing(!isChoosing)}>
            {path === null ? "Give its path" : "Another path"}
          </Button>
        </div>
      </div>
      {isChoosing && <ChooseProgram path={path} onDone={() => setChoosing(false)} />}
    </section>
  );
}

function ChooseProgram({ path, onDone }: { readonly path: string | null; onDone(): void }) {
  const [typed, setTyped] = useState(path ?? "");
  const { error, handlers } = useForm(async () => {
    await apiRequest(setLlamaServer, { body: { path: typed.trim() } });
    await engineListStore.refresh();
    onDone();
  });
  return (
    <form {...handlers} className="mt-3 flex flex-wrap items-start gap-3">
      <div className="min-w-0 flex-1 basis-56">
        <PathField
          label="Path of llama-server"
          placeholder="/path/to/llama-server"
          value={typed}
          error={error}
          onChange={setTyped}
        />
      </div>
      <Button type="submit" className="sm:mt-6">
        Save
      </Button>
    </form>
  );
}
