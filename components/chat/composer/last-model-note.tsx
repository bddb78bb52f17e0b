"use client";
import { engineModels } from "@/components/models/picker/recent-models";
import { PlanBadge } from "@/components/models/plan-badge";
import { applyAndReport } from "@/components/settings/apply-and-report";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { answerWith, useEngineList } from "@/lib/client/models/engine-list-store";
import { useModels } from "@/lib/client/models/model-store";

interface LastModelNoteProps {
  readonly modelName: string;
  /** The model that would be unloaded. */
  readonly loadedName: string;
}

/** Offers the model that answered last in this chat, with what it would take. */
export default function LastModelNote({ modelName, loadedName }: LastModelNoteProps) {
  const { data } = useModels();
  const elsewhere = engineModels(useEngineList().data?.engines ?? [], "").find(({ model }) => model === modelName);
  if (data === null) return null;
  if (elsewhere !== undefined)
    return (
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-1 text-ink-2 text-sm">
        <p className="min-w-0 break-words">
          Last answered by {modelName} on {elsewhere.engineName}.
        </p>
        <Button
          size="sm"
          aria-label={`Use ${modelName} again instead of ${loadedName}`}
          onClick={() =>
            void answerWith({ engineId: elsewhere.engineId, model: modelName }).catch(
              showFailure("The model was not chosen"),
            )
          }
        >
          Use it again
        </Button>
      </div>
    );
  const model = data.models.find(({ name }) => name === modelName);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-1 text-ink-2 text-sm">
      <p className="min-w-0 break-words">
        Last answered by {modelName}.{" "}
        {model === undefined && `Its file is no longer in the models folder; ${loadedName} answers.`}
      </p>
      {model !== undefined && (
        <>
          {model.plan && <PlanBadge plan={model.plan} />}
          <Button
            size="sm"
            aria-label={`Load ${modelName} again: unloads ${loadedName}`}
            onClick={() => void applyAndReport({ MODEL: modelName }, "all")}
          >
            Load it again
          </Button>
        </>
      )}
    </div>
  );
}
