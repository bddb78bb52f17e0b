"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { apiRequest } from "@/lib/client/api-request";
import { answerWith, engineListStore } from "@/lib/client/models/engine-list-store";
import { removeEngine } from "@/lib/schema/api/engines";
import type { EngineModel, OtherEngine } from "@/lib/schema/engines/other-engine";
import { ChangeEngine } from "./change-engine";
import { kindWords, modelWords } from "./engine-kind-words";

interface EngineRowProps {
  readonly engine: OtherEngine;
  /** The model of this engine that answers, if one does. */
  readonly answering: string | null;
}

/** One engine: what it is, its models, and why it cannot be asked. */
export function EngineRow({ engine, answering }: EngineRowProps) {
  const [isChanging, setChanging] = useState(false);
  const { id, name, address, kind, models, problem, hasKey } = engine;
  const remove = () =>
    apiRequest(removeEngine, { body: { id } })
      .then(() => engineListStore.refresh())
      .catch(showFailure("The engine was not removed"));
  return (
    <li className="card p-4">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-56">
          <h2 className="wrap-anywhere font-semibold">{name}</h2>
          <p className="break-all text-ink-2 text-sm">
            {kindWords[kind]} · {address}
            {hasKey && " · with a key"}
          </p>
        </div>
        <div className="flex gap-2">
          <Button size="sm" aria-label={`Change ${name}`} onClick={() => setChanging(true)}>
            Change
          </Button>
          <Button size="sm" aria-label={`Remove ${name}`} onClick={() => void remove()}>
            Remove
          </Button>
        </div>
      </div>
      {problem !== null && (
        <p className="mt-2 text-sm text-warn">
          {problem.message} {problem.next}
        </p>
      )}
      {models.length > 0 && (
        <ul aria-label={`Models of ${name}`} className="mt-2 divide-y divide-line border-line border-t">
          {models.map(model => (
            <EngineModelRow key={model.id} engine={engine} model={model} isAnswering={model.id === answering} />
          ))}
        </ul>
      )}
      {isChanging && <ChangeEngine engine={engine} onClose={() => setChanging(false)} />}
    </li>
  );
}

interface EngineModelRowProps {
  readonly engine: OtherEngine;
  readonly model: EngineModel;
  readonly isAnswering: boolean;
}

function EngineModelRow({ engine, model, isAnswering }: EngineModelRowProps) {
  const use = () => answerWith({ engineId: engine.id, model: model.id }).catch(showFailure("The model was not chosen"));
  return (
    <li className="flex min-h-10 items-center gap-x-3 py-1.5 sm:gap-x-4">
      <span className="min-w-0 flex-1 sm:flex sm:items-baseline sm:gap-x-4">
        <span className="block wrap-anywhere sm:flex-1">{model.id}</span>
        <span className="block text-ink-2 text-sm tabular-nums">{modelWords(model, engine.contextTokens)}</span>
      </span>
      {isAnswering ? (
        <span className="whitespace-nowrap font-semibold text-good text-sm">In use</span>
      ) : (
        <Button size="sm" aria-label={`Use ${model.id} of ${engine.name}`} onClick={() => void use()}>
          Use
        </Button>
      )}
    </li>
  );
}
