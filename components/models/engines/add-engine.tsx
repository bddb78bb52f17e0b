"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { engineListStore } from "@/lib/client/models/engine-list-store";
import { addEngine, testEngine } from "@/lib/schema/api/engines";
import type { EngineFound } from "@/lib/schema/engines/other-engine";
import { PathField } from "../path-field";
import { type EngineDraft, EngineFields, inputOf } from "./engine-fields";
import { foundWords, isContextUnknown } from "./engine-kind-words";

const empty: EngineDraft = { address: "", name: "", key: "", context: "" };

/** A server's address and key. "Test" says what is there; "Add" keeps it. */
export function AddEngine() {
  const [draft, setDraft] = useState(empty);
  const [found, setFound] = useState<EngineFound | null>(null);
  const input = { address: draft.address.trim(), ...inputOf(draft) };
  const needsContext = found !== null && isContextUnknown(found) && input.contextTokens === undefined;
  const change = (next: EngineDraft) => {
    if (next.address !== draft.address || next.key !== draft.key) setFound(null);
    setDraft(next);
  };
  const { error, isBusy, run, handlers } = useForm(async () => {
    const now = found ?? (await apiRequest(testEngine, { body: input }));
    setFound(now);
    if (isContextUnknown(now) && input.contextTokens === undefined) return;
    await apiRequest(addEngine, { body: input });
    setDraft(empty);
    setFound(null);
    await engineListStore.refresh();
  });
  const test = () => run(async () => setFound(await apiRequest(testEngine, { body: input })));
  return (
    <form aria-label="Add an engine" {...handlers} className="card flex flex-col gap-3 p-4">
      <h2 className="font-semibold">Add an engine</h2>
      <PathField
        label="Address"
        help="Of a server on this computer, in your network or elsewhere."
        placeholder="http://192.168.1.20:8000"
        value={draft.address}
        error={error}
        onChange={address => change({ ...draft, address })}
      />
      <EngineFields
        draft={draft}
        keyHelp="If it wants one. It stays in the data folder."
        contextError={needsContext ? "The server does not say it: enter it to add the engine." : null}
        onChange={change}
      />
      <div className="flex flex-wrap items-center gap-2">
        <Button disabled={isBusy || input.address === ""} onClick={() => void test()}>
          Test
        </Button>
        <Button type="submit" look="primary" disabled={isBusy || input.address === ""}>
          Add engine
        </Button>
        <p role="status" className="min-w-0 break-words text-ink-2 text-sm">
          {isBusy ? "Asking…" : found !== null && foundWords(found)}
        </p>
      </div>
    </form>
  );
}
