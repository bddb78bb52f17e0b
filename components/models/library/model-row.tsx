"use client";
import Link from "next/link";
import { memo } from "react";
import { modelAddress } from "@/lib/client/models/model-details";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { PlanBadge, PlanSpeedWords } from "../plan-badge";
import { LoadButtons } from "./load-buttons";
import { modelTitle } from "./model-facts";
import { ModelMenu } from "./model-menu";
import { ModelNotes } from "./model-notes";

interface ModelRowProps {
  readonly model: LocalModel;
  readonly isChosen: boolean;
  /** Names of the list are below it, unless they are whole paths. */
  readonly modelsFolder: string;
}

/** One file: what it is, how it would run here, and what can be done with it. */
export const ModelRow = memo(function ModelRow({ model, isChosen, modelsFolder }: ModelRowProps) {
  const title = modelTitle(model);
  return (
    <li className="card flex flex-col gap-3 p-4" aria-current={isChosen ? "true" : undefined}>
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-baseline gap-x-2">
            <h2 className="min-w-0 font-semibold break-words">
              <Link href={modelAddress(model.name)} prefetch={false} className="hover:underline">
                {model.name}
              </Link>
            </h2>
            {title !== null && <p className="line-clamp-2 min-w-0 text-ink-2 text-sm break-words">{title}</p>}
          </div>
          <ModelNotes model={model} />
        </div>
        <ModelMenu model={model} isDefault={isChosen} modelsFolder={modelsFolder} />
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        {model.plan && (
          <div className="flex basis-full flex-wrap items-center gap-x-3 gap-y-1 sm:basis-auto">
            <PlanBadge plan={model.plan} />
            <PlanSpeedWords plan={model.plan} />
          </div>
        )}
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2 sm:ml-auto">
          <LoadButtons model={model} isDefault={isChosen} />
        </div>
      </div>
    </li>
  );
});
