"use client";
import Link from "next/link";
import { Button, buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { Empty } from "@/components/ui/empty";
import { useEngine } from "@/lib/client/live-store";
import { compareAddress } from "@/lib/client/models/compare-address";
import { isRunning, useComparison } from "@/lib/client/models/comparison-store";
import { useModels } from "@/lib/client/models/model-store";
import { LEAST_COMPARED, MOST_COMPARED } from "@/lib/schema/comparison";
import { canChat } from "../library/model-facts";
import { CompareColumn } from "./compare-column";
import { CompareForm } from "./compare-form";
import { firstColumns } from "./compare-words";

/** An address with more is a mistake; these are shown, so that some can be left out. */
const MOST_SHOWN = 6;

/** Two or three models side by side: how each would run here, and its answer to the same question. @param given those of the address */
export default function CompareTab({ given }: { readonly given: readonly string[] }) {
  const { comparison } = useComparison();
  const { data } = useModels();
  const inUse = useEngine()?.modelName ?? null;
  const names = data?.models.filter(canChat).map(({ name }) => name) ?? [];
  const asked = comparison?.columns.map(({ model }) => model) ?? [];
  const running = isRunning(comparison);
  const proposed = given.length > 0 || comparison === null ? firstColumns(given, names, inUse) : asked;
  const chosen = (running ? asked : proposed).slice(0, MOST_SHOWN);
  const choose = (models: readonly string[]) => window.history.replaceState(null, "", compareAddress(models));
  if (data !== null && chosen.length < LEAST_COMPARED) return <TooFew />;
  const unused = names.filter(name => !chosen.includes(name));
  const [another] = unused;
  return (
    <div className="flex flex-col gap-4">
      <CompareForm models={chosen} comparison={comparison} onAsk={() => choose(chosen)} />
      <ul className={classNames("grid gap-3 md:grid-cols-2", chosen.length > 2 && "lg:grid-cols-3")}>
        {chosen.map((model, index) => (
          <CompareColumn
            // biome-ignore lint/suspicious/noArrayIndexKey: one model may be chosen twice, and a column keeps its place.
            key={index}
            title={`Model ${index + 1}`}
            model={model}
            others={unused}
            answer={comparison?.columns.find(column => column.model === model) ?? null}
            maxTokens={comparison?.maxTokens ?? 0}
            onChoose={running ? null : name => choose(chosen.with(index, name))}
            onLeaveOut={
              running || chosen.length <= LEAST_COMPARED ? null : () => choose(chosen.filter((_, at) => at !== index))
            }
          />
        ))}
      </ul>
      {!running && chosen.length < MOST_COMPARED && another !== undefined && (
        <Button className="self-start" onClick={() => choose([...chosen, another])}>
          Add a third model
        </Button>
      )}
    </div>
  );
}

function TooFew() {
  return (
    <Empty>
      <p className="mb-2">A comparison needs two models that can chat, and this computer has fewer.</p>
      <Link href="/models?tab=hub" prefetch={false} className={buttonClass("plain")}>
        Search the hub
      </Link>
    </Empty>
  );
}
