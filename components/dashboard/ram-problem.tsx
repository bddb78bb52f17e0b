"use client";
import { TriangleAlert } from "lucide-react";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { loadAllTheSame } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";
import { draftSettings, useAnotherModel, useSettings } from "@/lib/client/planning/settings-store";
import { type RamRemedy, waysOut } from "@/lib/plan/advice/ram-remedies";
import { type RamPlan, ramConsequence, ramShortage } from "@/lib/plan/placement/plan-ram";

interface RamProblemProps {
  readonly ram: RamPlan;
  readonly remedies: readonly RamRemedy[];
  /** When the sentence above is about layers, it does not say that memory is short. */
  readonly saysShortage: boolean;
}

/** What would happen without enough system memory, and which change would make the plan fit. */
export function RamProblem({ ram, remedies, saysShortage }: RamProblemProps) {
  if (ram.outcome === "fits") return null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-control border border-bad bg-bad-soft px-3 py-2 text-sm">
      <p className="flex min-w-0 flex-1 basis-72 items-start gap-2">
        <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0 text-bad" />
        <span>
          {saysShortage && <strong className="font-semibold text-bad">{ramShortage(ram)} </strong>}
          {ramConsequence(ram)}
          {remedies.length === 0 && ` ${waysOut(remedies)}`}
        </span>
      </p>
      <LoadAllTheSame />
      {remedies.length > 0 && (
        <ul aria-label="What would fit into memory" className="flex flex-wrap gap-2">
          {remedies.map(({ label, patch }) => (
            <li key={label}>
              <button
                type="button"
                onClick={() => draftSettings(patch)}
                className="flex min-h-8 items-center gap-2 rounded-full border border-line-strong bg-raised px-3 hover:bg-sunken"
              >
                {label}
                <strong className="font-semibold text-good">fits</strong>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** For saved settings whose load was refused. A change that waits to be applied has its own switch beside Apply. */
function LoadAllTheSame() {
  const engine = useEngine();
  const isSaved = useSettings(({ patch }) => Object.keys(patch).length === 0);
  const another = useAnotherModel();
  const isRefused = engine?.error?.code === "OUT_OF_MEMORY" && engine.state !== "loading";
  if (!isRefused || !isSaved || another !== null) return null;
  return (
    <Button onClick={() => void loadAllTheSame().catch(showFailure("It could not be loaded"))}>Load it anyway</Button>
  );
}
