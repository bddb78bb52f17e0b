"use client";
import Link from "next/link";
import { useState } from "react";
import { LoadProgress } from "@/components/chat/composer/load-progress";
import { canChat } from "@/components/models/library/model-facts";
import { PlanBadge, PlanSpeedWords } from "@/components/models/plan-badge";
import { applyAndReport } from "@/components/settings/apply-and-report";
import { ReloadWaitsBanner } from "@/components/settings/reload-waits";
import { buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { ComboOption, useComboList } from "@/components/ui/combo-list";
import { Dialog } from "@/components/ui/dialog";
import { inputClass } from "@/components/ui/field";
import { showFailure } from "@/components/ui/toast/show-failure";
import { useEngine, useLive } from "@/lib/client/live-store";
import { answerWith, useEngineList } from "@/lib/client/models/engine-list-store";
import { useModels } from "@/lib/client/models/model-store";
import { useReceipts } from "@/lib/client/planning/receipt-store";
import { isRamShort } from "@/lib/plan/placement/plan-ram";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { formatRate } from "@/lib/units/tokens";
import { engineModels, lastSpeed, type ModelElsewhere, recentModels } from "./recent-models";

const OPTION_CLASS = "flex-wrap items-center gap-x-3 gap-y-1";

/** The library to choose from: a combobox whose list follows the typed text. A choice loads the model. */
export default function ModelPicker({ onClose }: { readonly onClose: () => void }) {
  const { data, error } = useModels();
  const receipts = useReceipts() ?? [];
  const engine = useEngine();
  const memory = useLive(state => state.telemetry?.memory ?? null);
  const [words, setWords] = useState("");
  const models = recentModels(data?.models.filter(canChat) ?? [], receipts, words);
  const elsewhere = engineModels(useEngineList().data?.engines ?? [], words);
  const isTooLarge = ({ plan }: LocalModel) => plan !== null && memory !== null && isRamShort(plan.ramNeed, memory);
  const isLoaded = ({ name }: LocalModel) => engine?.modelName === name && engine.config !== null;
  const choose = (model: LocalModel | undefined) => {
    if (model === undefined || isTooLarge(model)) return;
    onClose();
    if (!isLoaded(model)) void applyAndReport({ MODEL: model.name }, "all");
  };
  const chooseElsewhere = (model: ModelElsewhere | undefined) => {
    if (model === undefined) return;
    onClose();
    void answerWith({ engineId: model.engineId, model: model.model }).catch(showFailure("The model was not chosen"));
  };
  const count = models.length + elsewhere.length;
  const combo = useComboList(count, position => {
    choose(models[position]);
    chooseElsewhere(elsewhere[position - models.length]);
  });
  return (
    <Dialog onClose={onClose} title="Choose a model">
      <div className="flex flex-col gap-3">
        <ReloadWaitsBanner />
        {engine?.state === "loading" && (
          <div className="flex items-center gap-3 text-sm">
            <span className="truncate">Loading {engine.modelName}</span>
            <LoadProgress percent={Math.round((engine.progress?.fraction ?? 0) * 100)} />
          </div>
        )}
        <input
          {...combo.field}
          aria-label="Search models"
          placeholder="Search models"
          className={inputClass}
          value={words}
          onChange={event => {
            setWords(event.target.value);
            combo.pointAtFirst();
          }}
        />
        <div id={combo.listId} role="listbox" aria-label="Models" className="-mx-1.5">
          {models.map((model, position) => (
            <ComboOption
              key={model.name}
              {...combo.option(position)}
              isDisabled={isTooLarge(model)}
              className={OPTION_CLASS}
            >
              <ModelOption model={model} isLoaded={isLoaded(model)} tokensPerSecond={lastSpeed(receipts, model.name)} />
            </ComboOption>
          ))}
          {elsewhere.map((model, order) => (
            <ComboOption
              key={`${model.engineId} ${model.model}`}
              {...combo.option(models.length + order)}
              className={OPTION_CLASS}
            >
              <span className="min-w-0 flex-1 basis-48 break-words">{model.model}</span>
              {engine?.other?.engineId === model.engineId && engine.other.model === model.model && (
                <span className="font-semibold text-good text-sm">In use</span>
              )}
              <span className="text-ink-2 text-sm">{model.engineName}</span>
            </ComboOption>
          ))}
        </div>
        {error !== null && (
          <p role="alert" className="text-bad text-sm">
            {error.message} {error.next}
          </p>
        )}
        {count === 0 && error === null && (
          <p role="status" className="text-ink-3 text-sm">
            {data === null ? "Reading the models of this computer…" : noModels(words)}
          </p>
        )}
        <Link
          href="/models"
          prefetch={false}
          onClick={onClose}
          className={classNames(buttonClass("plain"), "self-start")}
        >
          Get another model
        </Link>
      </div>
    </Dialog>
  );
}

const noModels = (words: string): string =>
  words.trim() === "" ? "There is no model that can chat on this computer yet." : "No model matches that.";

interface ModelOptionProps {
  readonly model: LocalModel;
  readonly isLoaded: boolean;
  readonly tokensPerSecond: number | null;
}

function ModelOption({ model, isLoaded, tokensPerSecond }: ModelOptionProps) {
  return (
    <>
      <span className="flex min-w-0 basis-full items-baseline gap-3">
        <span className="min-w-0 flex-1 break-words">{model.name}</span>
        {isLoaded && <span className="font-semibold text-good text-sm">In use</span>}
      </span>
      {model.plan && <PlanBadge plan={model.plan} />}
      {model.plan && tokensPerSecond === null && <PlanSpeedWords plan={model.plan} />}
      {tokensPerSecond !== null && (
        <span className="text-ink-2 text-xs tabular-nums">{formatRate(tokensPerSecond)} tokens/s, measured</span>
      )}
    </>
  );
}
