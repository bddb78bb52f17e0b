"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { memo, useState } from "react";
import { engineWords } from "@/components/header/engine-words";
import { applyAndReport, chatAndReport } from "@/components/settings/apply-and-report";
import { Button, buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { useEngine } from "@/lib/client/live-store";
import { dashboardAddress } from "@/lib/client/planned-model";
import type { LocalModel } from "@/lib/schema/local-model";
import { PlanBadge, PlanSpeedWords, useRamIsShort } from "../plan-badge";
import { canChat, modelFacts } from "./model-facts";
import { ModelMenu } from "./model-menu";

interface ModelRowProps {
  readonly model: LocalModel;
  readonly isChosen: boolean;
  /** Names of the list are below it, unless they are whole paths. */
  readonly modelsFolder: string;
}

/** One file: what it is, how it would run here, and a button to choose it. */
export const ModelRow = memo(function ModelRow({ model, isChosen, modelsFolder }: ModelRowProps) {
  const facts = modelFacts(model);
  return (
    <li className="card flex flex-wrap items-center gap-x-4 gap-y-3 p-4" aria-current={isChosen ? "true" : undefined}>
      <div className="min-w-0 flex-1 basis-72">
        <h2 className="font-semibold break-words">{model.name}</h2>
        <ul className="mt-1 flex flex-wrap gap-x-1.5 text-ink-2 text-sm">
          {facts.map((fact, index) => (
            <li key={fact}>
              {fact}
              {index < facts.length - 1 && <span aria-hidden> ·</span>}
            </li>
          ))}
        </ul>
        {model.origin !== null && (
          <p className="mt-1 text-ink-2 text-sm break-all">
            Used in place{model.origin.program !== null && ` from ${model.origin.program}`}: {model.origin.path}
          </p>
        )}
        {model.sameAs !== null && <p className="mt-1 text-ink-2 text-sm">The same content as {model.sameAs}.</p>}
        {model.problem && (
          <p className="mt-1 text-sm text-warn">
            {model.problem.message} <span className="font-mono text-xs">{model.problem.code}</span>
          </p>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-3">
        {model.plan && <PlanSpeedWords plan={model.plan} />}
        {model.plan && <PlanBadge plan={model.plan} />}
        {canChat(model) && (
          <Link
            href={dashboardAddress(isChosen ? null : model.name)}
            prefetch={false}
            className={buttonClass("quiet")}
            aria-label={`See the plan of ${model.name}`}
          >
            See its plan
          </Link>
        )}
        {isChosen ? <UseState name={model.name} /> : <ChooseButton model={model} />}
        {canChat(model) && <ChatButton model={model} />}
        <ModelMenu model={model} modelsFolder={modelsFolder} />
      </div>
    </li>
  );
});

/** A chosen model is not loaded yet: the first message loads it, which takes time. */
function UseState({ name }: { readonly name: string }) {
  const engine = useEngine();
  const isLoaded = engine?.modelName === name && engine.config !== null;
  const words = isLoaded ? "In use" : engine?.state === "loading" ? engineWords(engine).text : "Chosen, not loaded";
  return (
    <span
      className={classNames(
        "inline-flex min-h-8 items-center font-semibold text-sm",
        isLoaded ? "text-good" : "text-ink-2",
      )}
    >
      {words}
    </span>
  );
}

function ChooseButton({ model }: { readonly model: LocalModel }) {
  const [isBusy, setBusy] = useState(false);
  // Its plan, one press away, shows what would make it fit.
  const isTooLarge = useRamIsShort(model.plan);
  const choose = async () => {
    setBusy(true);
    await applyAndReport({ MODEL: model.name }, "all");
    setBusy(false);
  };
  return (
    <Button
      disabled={isBusy || isTooLarge || !canChat(model)}
      aria-label={`Use ${model.name}: unloads the present model`}
      onClick={() => void choose()}
    >
      {isBusy ? "Loading…" : "Use this model"}
    </Button>
  );
}

function ChatButton({ model }: { readonly model: LocalModel }) {
  const router = useRouter();
  const isTooLarge = useRamIsShort(model.plan);
  return (
    <Button
      disabled={isTooLarge}
      aria-label={`Chat with ${model.name}`}
      onClick={() => void chatAndReport(model.name, path => router.push(path))}
    >
      Chat with it
    </Button>
  );
}
