"use client";
import { PlanBadge } from "@/components/models/plan-badge";
import { applyAndReport } from "@/components/settings/apply-and-report";
import { Button } from "@/components/ui/button";
import { useModels } from "@/lib/client/model-store";

interface LastModelNoteProps {
  readonly modelName: string;
  /** The model that would be unloaded. */
  readonly loadedName: string;
}

/** Offers the model that answered last in this chat, with what it would take. */
export default function LastModelNote({ modelName, loadedName }: LastModelNoteProps) {
  const { data } = useModels();
  if (data === null) return null;
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
