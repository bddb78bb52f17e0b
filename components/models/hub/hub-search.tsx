"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/empty";
import { Field, FieldInput } from "@/components/ui/field";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { runHubSearch, useHubSearch } from "@/lib/client/models/hub-search";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type HubSort, hubSorts } from "@/lib/schema/models/remote-models";
import { RepositoryCard } from "./repository-card";

const HELP =
  "Words of its name, or an address: owner/repo, owner/repo:Q4_K_M, a page of Hugging Face, a link to a .gguf file. Only headers are read.";

const sortWords: Readonly<Record<HubSort, string>> = {
  trending: "Trending",
  downloads: "Most downloads",
  likes: "Most likes",
  newest: "Newest",
};

/** Finds models on the hub and shows how each of their files would run here, before anything is downloaded. */
export function HubSearch() {
  const router = useRouter();
  const search = useHubSearch();
  const [words, setWords] = useState(search.words);
  const ask = async (sort: HubSort) => {
    const answer = await runHubSearch(words.trim(), sort);
    if (answer?.kind === "file") router.push(dashboardAddress(answer.source));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void ask(search.sort);
  };
  return (
    <>
      <form onSubmit={submit} className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <Field label="Search the hub, or paste an address" help={HELP} error={errorWords(search.error)}>
            <FieldInput
              type="search"
              name="words"
              autoComplete="off"
              spellCheck={false}
              placeholder="gemma 3 12b"
              value={words}
              onChange={event => setWords(event.target.value)}
            />
          </Field>
        </div>
        <div className="flex gap-2 sm:mt-6">
          <Select
            label="Sort repositories by"
            value={search.sort}
            choices={hubSorts.map(sort => ({ value: sort, label: sortWords[sort] }))}
            onChange={value => void ask(hubSorts.find(sort => sort === value) ?? "trending")}
          />
          <Button type="submit" look="primary" disabled={search.isAsking}>
            {search.isAsking ? "Searching…" : "Search"}
          </Button>
        </div>
      </form>
      <div className="mt-4 flex flex-col gap-3">
        <Results again={() => void ask(search.sort)} />
      </div>
    </>
  );
}

/** The same question may have an answer later; a wrong address has none. */
const isAway = ({ code }: ErrorBody): boolean => !["INVALID_INPUT", "MODEL_NOT_FOUND", "NOT_GGUF"].includes(code);

const errorWords = (error: ErrorBody | null): string | null =>
  error === null ? null : [error.message, error.next].filter(Boolean).join(" ");

function Results({ again }: { readonly again: () => void }) {
  const { answer, error, isAsking, words } = useHubSearch();
  if (error !== null)
    return isAway(error) ? (
      <Empty>
        <p className="mb-2">Models on this computer can be used without the hub.</p>
        <Button onClick={again}>Search again</Button>
      </Empty>
    ) : (
      <Empty>Change the address, or search for words of the model's name.</Empty>
    );
  if (answer?.kind === "wait")
    return (
      <p role="status" className="card p-4 text-ink-2 text-sm">
        {answer.message} This page asks again by itself.
      </p>
    );
  if (isAsking) return <Searching />;
  if (answer?.kind === "repository") return <RepositoryCard name={answer.name} about={null} isOpenAtFirst />;
  if (answer?.kind !== "found")
    return (
      <Empty>
        Every file of every repository is shown with its layers, memory and largest context on this computer. Nothing is
        asked until you search; without words you see what is trending.
      </Empty>
    );
  if (answer.repositories.length === 0)
    return (
      <Empty>No repository with GGUF files matches “{words}”. Try fewer words, such as the model's name alone.</Empty>
    );
  return answer.repositories.map(repository => (
    <RepositoryCard key={repository.name} name={repository.name} about={repository} isOpenAtFirst={false} />
  ));
}

function Searching() {
  return (
    <div role="status" aria-label="Searching the hub" className="flex flex-col gap-3">
      <Skeleton className="h-16" />
      <Skeleton className="h-16" />
      <Skeleton className="h-16" />
    </div>
  );
}
