import type { Metadata } from "next";
import { ModelsScreen } from "@/components/models/models-screen";
import { ModelPicks } from "@/components/models/picks/model-picks";
import { PlanningFor } from "@/components/models/planning-for";

export const metadata: Metadata = { title: "Models" };

interface ModelsPageProps {
  readonly searchParams: Promise<{ readonly cardMib?: string | string[] }>;
}

/** `?cardMib=8192`: the picks for a card that this computer does not have. ModelsScreen reads the rest of the address. */
export default async function ModelsPage({ searchParams }: ModelsPageProps) {
  const { cardMib: givenMib } = await searchParams;
  const cardMib = Number(givenMib);
  return (
    <div className="mx-auto w-full max-w-5xl p-3 sm:p-6">
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <h1 className="font-semibold text-sentence tracking-[-0.01em]">Models</h1>
        <PlanningFor />
      </div>
      <ModelPicks cardMib={Number.isInteger(cardMib) && cardMib > 0 ? cardMib : undefined} />
      <p className="mb-4 text-ink-2">
        GGUF files of this computer, each with the plan it would get here with the settings that hold for it.
      </p>
      <ModelsScreen />
    </div>
  );
}
