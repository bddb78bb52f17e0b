"use client";
import { ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { formatParameters } from "@/components/models/library/model-facts";
import { classNames } from "@/components/ui/class-names";
import { usePlanningChoices } from "@/lib/client/planning/planning-choices";
import type { HubRepository } from "@/lib/schema/models/remote-models";
import { formatTokensShort } from "@/lib/units/tokens";
import { RepositoryFiles } from "./repository-files";

interface RepositoryCardProps {
  readonly name: string;
  /** What the hub's search says about it; null for an address. */
  readonly about: HubRepository | null;
  readonly isOpenAtFirst: boolean;
}

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

function factsOf({ parameters, trainContextTokens, licence, downloads, likes, changedAt }: HubRepository): string[] {
  return [
    ...(parameters === null ? [] : [formatParameters(parameters)]),
    ...(trainContextTokens === null ? [] : [`${formatTokensShort(trainContextTokens)} trained`]),
    licence === null ? "no licence named" : `${licence} licence`,
    `${compact.format(downloads)} downloads`,
    `${compact.format(likes)} likes`,
    ...(changedAt === null ? [] : [`changed ${changedAt.slice(0, 10)}`]),
  ];
}

/** One repository. Opening it reads the headers of its files. */
export function RepositoryCard({ name, about, isOpenAtFirst }: RepositoryCardProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const choices = usePlanningChoices();
  const filesId = useId();
  const facts = about === null ? [] : factsOf(about);
  return (
    <section aria-label={name} className="card">
      <h2>
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={filesId}
          onClick={() => setOpen(!isOpen)}
          className={classNames(
            "flex w-full items-start gap-2 p-3 text-left hover:bg-sunken sm:p-4",
            isOpen ? "rounded-t-card" : "rounded-card",
          )}
        >
          <ChevronRight
            aria-hidden
            size={18}
            className={classNames("mt-0.5 shrink-0 text-ink-3", isOpen && "rotate-90")}
          />
          <span className="min-w-0 flex-1">
            <span className="font-semibold break-words">{name}</span>
            {about?.isGated && (
              <span className="ml-2 rounded-full border border-warn px-2 text-warn text-xs">gated</span>
            )}
            {about !== null && (
              <span className="mt-0.5 flex flex-wrap gap-x-1 font-normal text-ink-2 text-sm">
                {facts.map((fact, index) => (
                  <span key={fact} className="whitespace-nowrap">
                    {fact}
                    {index < facts.length - 1 && <span aria-hidden> ·</span>}
                  </span>
                ))}
              </span>
            )}
          </span>
        </button>
      </h2>
      <div id={filesId}>
        {isOpen && choices !== null && (
          <RepositoryFiles name={name} page={about?.isGated ? about.page : null} choices={choices} />
        )}
      </div>
    </section>
  );
}
