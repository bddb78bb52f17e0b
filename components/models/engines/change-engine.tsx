"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { engineListStore } from "@/lib/client/models/engine-list-store";
import { changeEngine } from "@/lib/schema/api/engines";
import type { OtherEngine } from "@/lib/schema/engines/other-engine";
import { EngineFields, inputOf } from "./engine-fields";

interface ChangeEngineProps {
  readonly engine: OtherEngine;
  onClose(): void;
}

/** Another name, key or context size. The key that is there is not shown. */
export function ChangeEngine({ engine, onClose }: ChangeEngineProps) {
  const [draft, setDraft] = useState({
    address: engine.address,
    name: engine.name,
    key: "",
    context: String(engine.contextTokens ?? ""),
  });
  const save = async (change: object) => {
    await apiRequest(changeEngine, { body: { id: engine.id, ...change } });
    await engineListStore.refresh();
    onClose();
  };
  const { error, run, handlers } = useForm(() => save(inputOf(draft)));
  return (
    <Dialog onClose={onClose} title={`Change ${engine.name}`} description={engine.address}>
      <form {...handlers} className="flex flex-col gap-3">
        <EngineFields
          draft={draft}
          keyHelp={engine.hasKey ? "Leave it empty to keep the present one." : "It has none."}
          contextError={null}
          onChange={setDraft}
        />
        {error !== null && (
          <p role="alert" className="text-bad text-sm">
            {error}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary">
            Save
          </Button>
          {engine.hasKey && <Button onClick={() => void run(() => save({ key: "" }))}>Remove the key</Button>}
        </div>
      </form>
    </Dialog>
  );
}
