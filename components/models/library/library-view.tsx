"use client";
import { useState } from "react";
import { ReloadWaitsBanner } from "@/components/settings/reload-waits";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { inputClass } from "@/components/ui/field";
import { Problem } from "@/components/ui/problem";
import { Skeleton } from "@/components/ui/skeleton";
import { modelStore, useModels } from "@/lib/client/model-store";
import { useSettings } from "@/lib/client/settings-store";
import type { LocalModel } from "@/lib/schema/local-model";
import { ModelRow } from "./model-row";

/** Fewer than this need no search. */
const SEARCH_FROM = 6;

const matches = (model: LocalModel, words: string): boolean =>
  `${model.name} ${model.profile?.architecture ?? ""} ${model.profile?.quantization ?? ""}`
    .toLowerCase()
    .includes(words.trim().toLowerCase());

/** The library: every GGUF file of this computer. */
export function LibraryView() {
  const { data, error } = useModels();
  const chosen = useSettings(state => state.saved?.MODEL ?? null);
  const [words, setWords] = useState("");
  if (error !== null)
    return (
      <Problem message={error.message} next={error.next} code={error.code}>
        <Button onClick={() => void modelStore.refresh()}>Try again</Button>
      </Problem>
    );
  if (data === null) return <ModelsLoading />;
  const shown = data.models.filter(model => matches(model, words));
  return (
    <>
      <div className="empty:hidden mb-3">
        <ReloadWaitsBanner />
      </div>
      {data.models.length >= SEARCH_FROM && (
        <input
          type="search"
          aria-label="Search models"
          placeholder="Search models"
          className={`${inputClass} mb-3 max-w-sm`}
          value={words}
          onChange={event => setWords(event.target.value)}
        />
      )}
      {shown.length === 0 && <NoModels isFiltered={words !== ""} />}
      <ul className="flex flex-col gap-3">
        {shown.map(model => (
          <ModelRow key={model.name} model={model} isChosen={model.name === chosen} />
        ))}
      </ul>
    </>
  );
}

function NoModels({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty>No model matches that.</Empty>;
  return (
    <Empty>
      There is no model yet. Put a <code className="font-mono">.gguf</code> file into the models folder: it appears here
      by itself.
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
