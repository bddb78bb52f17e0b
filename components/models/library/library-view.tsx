"use client";
import { useState } from "react";
import { ReloadWaitsBanner } from "@/components/settings/reload-waits";
import { Button } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { Empty } from "@/components/ui/empty";
import { inputClass } from "@/components/ui/field";
import { Problem } from "@/components/ui/problem";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { modelStore, useModels } from "@/lib/client/models/model-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import { chooseModels, type ModelChoice, modelKinds, modelOrders } from "./choose-models";
import { LibraryFolders } from "./library-folders";
import { ModelRow } from "./model-row";
import { ModelTrash } from "./model-trash";

/** Fewer than this need no search. */
const SEARCH_FROM = 3;

/** How many models are shown at first, and the chosen one; hundreds of cards would take seconds. Searching finds the others. */
const FIRST_ROWS = 60;

/** The library: every GGUF file of this computer. */
export function LibraryView() {
  const { data, error } = useModels();
  const chosen = useSettings(state => state.saved?.MODEL ?? null);
  const [showsAll, setShowsAll] = useState(false);
  const [choice, setChoice] = useState<ModelChoice>({ words: "", order: "name", kind: "all" });
  if (error !== null)
    return (
      <Problem message={error.message} next={error.next} code={error.code}>
        <Button onClick={() => void modelStore.refresh()}>Try again</Button>
      </Problem>
    );
  if (data === null) return <ModelsLoading />;
  const matching = chooseModels(data.models, choice);
  const shown = matching.filter(({ name }, place) => showsAll || place < FIRST_ROWS || name === chosen);
  return (
    <>
      <div className="empty:hidden mb-3">
        <ReloadWaitsBanner />
      </div>
      {data.models.length >= SEARCH_FROM && <LibraryTools choice={choice} onChange={setChoice} />}
      {shown.length === 0 && <NoModels isFiltered={data.models.length > 0} />}
      <ul className="flex flex-col gap-3">
        {shown.map(model => (
          <ModelRow
            key={model.name}
            model={model}
            isChosen={model.name === chosen}
            modelsFolder={data.folders[0]?.path ?? ""}
          />
        ))}
      </ul>
      {shown.length < matching.length && (
        <Button className="mt-3" onClick={() => setShowsAll(true)}>
          Show all {matching.length.toLocaleString("en-US")} models
        </Button>
      )}
      <ModelTrash />
      <LibraryFolders folders={data.folders} />
    </>
  );
}

interface LibraryToolsProps {
  readonly choice: ModelChoice;
  readonly onChange: (choice: ModelChoice) => void;
}

function LibraryTools({ choice, onChange }: LibraryToolsProps) {
  const pick = <Value extends string>(
    options: readonly { readonly value: Value }[],
    value: string,
  ): Value | undefined => options.find(option => option.value === value)?.value;
  return (
    <div className="mb-3 grid grid-cols-2 gap-2 sm:grid-cols-[1fr_auto_auto]">
      <input
        type="search"
        aria-label="Search models"
        placeholder="Search models"
        className={classNames(inputClass, "col-span-2 sm:col-span-1")}
        value={choice.words}
        onChange={event => onChange({ ...choice, words: event.target.value })}
      />
      <Select
        label="Show"
        value={choice.kind}
        choices={modelKinds}
        onChange={value => onChange({ ...choice, kind: pick(modelKinds, value) ?? choice.kind })}
      />
      <Select
        label="Sort"
        value={choice.order}
        choices={modelOrders}
        onChange={value => onChange({ ...choice, order: pick(modelOrders, value) ?? choice.order })}
      />
    </div>
  );
}

function NoModels({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty>No model matches that.</Empty>;
  return (
    <Empty>
      There is no model yet. Search the hub, add one above, or drop a <code className="font-mono">.gguf</code> file on
      this page. What you put into the models folder appears here by itself.
    </Empty>
  );
}

function ModelsLoading() {
  return (
    <div role="status" aria-label="Reading the models folder" className="flex flex-col gap-3">
      <Skeleton className="h-20" />
      <Skeleton className="h-20" />
    </div>
  );
}
