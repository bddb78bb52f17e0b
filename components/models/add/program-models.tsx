"use client";
import { useEffect, useState } from "react";
import { formatParameters } from "@/components/models/library/model-facts";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { apiRequest, errorBody } from "@/lib/client/api-request";
import { modelStore } from "@/lib/client/models/model-store";
import { listProgramModels, takeProgramModel } from "@/lib/schema/api/models";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { ProgramModel, ProgramModelsAnswer, ProgramName } from "@/lib/schema/models/program-models";
import { formatBytes } from "@/lib/units/bytes";

type Search = { readonly found: ProgramModelsAnswer } | { readonly error: ErrorBody } | null;

const searchPrograms = (): Promise<Search> =>
  apiRequest(listProgramModels, {}).then(
    found => ({ found }),
    (error: unknown) => ({ error: errorBody(error) }),
  );

const canBeUsed = ({ problem, usedAs }: ProgramModel): boolean => problem === null && usedAs === null;

/** Models of other programs on this computer. They are searched for only when this is opened. */
export default function ProgramModelsDialog({ onClose }: { readonly onClose: () => void }) {
  const [search, setSearch] = useState<Search>(null);
  const searchAgain = async () => setSearch(await searchPrograms());
  useEffect(() => {
    let isHere = true;
    void searchPrograms().then(answer => isHere && setSearch(answer));
    return () => {
      isHere = false;
    };
  }, []);
  const use = async (models: readonly { program: ProgramName; label: string }[]) => {
    for (const { program, label } of models)
      await reportFailure(`${label} cannot be used`, async () => {
        await apiRequest(takeProgramModel, { body: { program, label } });
      });
    await Promise.all([searchAgain(), modelStore.refresh()]);
  };
  return (
    <Dialog
      onClose={onClose}
      title="Models of other programs"
      description="They are used where they are. Nothing is copied, changed or deleted there."
    >
      {search === null ? (
        <div role="status" aria-label="Looking for models of other programs" className="flex flex-col gap-3">
          <Skeleton className="h-14" />
          <Skeleton className="h-14" />
        </div>
      ) : "error" in search ? (
        <Problem message={search.error.message} next={search.error.next} code={search.error.code}>
          <Button onClick={() => void searchAgain()}>Look again</Button>
        </Problem>
      ) : (
        <Found found={search.found} use={use} />
      )}
    </Dialog>
  );
}

interface FoundProps {
  readonly found: ProgramModelsAnswer;
  readonly use: (models: readonly { program: ProgramName; label: string }[]) => Promise<void>;
}

function Found({ found: { programs, withoutModels }, use }: FoundProps) {
  const [isBusy, setBusy] = useState(false);
  const run = async (models: readonly { program: ProgramName; label: string }[]) => {
    setBusy(true);
    await use(models);
    setBusy(false);
  };
  const usable = programs.flatMap(({ program, models }) =>
    models.filter(canBeUsed).map(({ label }) => ({ program, label })),
  );
  return (
    <div className="flex flex-col gap-4">
      {usable.length > 1 && (
        <Button look="primary" className="self-start" disabled={isBusy} onClick={() => void run(usable)}>
          {isBusy ? "Reading headers…" : `Use all ${usable.length}`}
        </Button>
      )}
      {programs.map(({ program, models, problems }) => (
        <section key={program} aria-label={program}>
          <h3 className="font-semibold">{program}</h3>
          {problems.map(problem => (
            <p key={problem} className="mt-1 text-sm text-warn break-words">
              {problem}
            </p>
          ))}
          <ul className="mt-1 divide-y divide-line border-line border-y">
            {models.map(model => (
              <li key={model.label} className="flex items-start gap-3 py-2">
                <ModelWords model={model} />
                {model.usedAs !== null && <span className="pt-1 text-good text-sm">In the library</span>}
                {canBeUsed(model) && (
                  <Button
                    size="sm"
                    aria-label={`Use ${model.label} of ${program}`}
                    disabled={isBusy}
                    onClick={() => void run([{ program, label: model.label }])}
                  >
                    Use
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
      {withoutModels.length > 0 && (
        <p className="text-ink-2 text-sm">
          {programs.length === 0 ? "No models" : "Nothing"} of{" "}
          {new Intl.ListFormat("en", { type: "disjunction" }).format(withoutModels)}{" "}
          {programs.length === 0 ? "were" : "was"} found in their usual folders. Another folder can be added below the
          library.
        </p>
      )}
    </div>
  );
}

function ModelWords({ model: { label, path, fileBytes, about, problem } }: { readonly model: ProgramModel }) {
  return (
    <div className="min-w-0 flex-1">
      <p className="break-words">{label}</p>
      {about !== null && (
        <p className="text-ink-2 text-sm">
          {about.architecture} · {formatParameters(about.parameters)} parameters · {about.quantization} ·{" "}
          {formatBytes(fileBytes)}
        </p>
      )}
      {problem !== null ? (
        <p className="text-sm text-warn break-words">{problem.message}</p>
      ) : (
        <p className="text-ink-3 text-xs break-all">{path}</p>
      )}
    </div>
  );
}
