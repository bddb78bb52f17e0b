"use client";
import Link from "next/link";
import { applyAndReport } from "@/components/settings/apply-and-report";
import { costInWords } from "@/components/settings/apply-words";
import { DifferenceList } from "@/components/settings/difference-list";
import { usePlanDifference } from "@/components/settings/use-apply-difference";
import { usePlanPreview } from "@/components/settings/use-apply-preview";
import { useEngine } from "@/lib/client/live-store";
import { useConfirmedOffer } from "@/lib/client/planning/confirm-at-rest";
import { usePlanWithContext } from "@/lib/client/planning/plan-store";
import { useModel } from "@/lib/client/planning/surface-store";
import { enlargedContext } from "@/lib/plan/advice/enlarged-context";
import type { PlanWarning } from "@/lib/plan/cards/layer-plan";
import { ramShortage } from "@/lib/plan/placement/plan-ram";
import { formatTokens } from "@/lib/units/tokens";
import { OverflowChoice } from "./overflow-choice";

interface EnlargeChoiceProps {
  readonly neededTokens: number;
  /** Called when the larger context is loaded. */
  readonly onEnlarged: () => void;
}

/** Offers a larger context for this model only, and shows its cost in card memory and layers before it is applied. */
export function EnlargeChoice({ neededTokens, onEnlarged }: EnlargeChoiceProps) {
  const trainedTokens = useModel()?.trainContextTokens ?? null;
  if (trainedTokens === null) return null;
  const contextTokens = enlargedContext(neededTokens, trainedTokens);
  return contextTokens === null ? (
    <BeyondTraining trainedTokens={trainedTokens} />
  ) : (
    <Enlarge contextTokens={contextTokens} onEnlarged={onEnlarged} />
  );
}

function BeyondTraining({ trainedTokens }: { readonly trainedTokens: number }) {
  const modelName = useEngine()?.modelName?.replace(/\.gguf$/i, "") ?? "this model";
  return (
    <li className="text-ink-2">
      A larger context does not help: {modelName} was trained for {formatTokens(trainedTokens)} tokens. Shorten what you
      send, or{" "}
      <Link href="/models" prefetch={false} className="text-accent underline">
        use a model that sees more
      </Link>
      .
    </li>
  );
}

/** Only warnings about a load that fails or is very slow. The warning about worse answers cannot appear below the trained context. */
const grave: readonly PlanWarning["code"][] = ["over-budget", "card-overflow", "kv-type-refused"];

function Enlarge({ contextTokens, onEnlarged }: { readonly contextTokens: number; readonly onEnlarged: () => void }) {
  const patch = { N_CTX: contextTokens };
  const enlarged = usePlanWithContext(contextTokens);
  useConfirmedOffer(enlarged?.inputs ?? null);
  const plan = enlarged?.plan ?? null;
  const ram = enlarged?.ram ?? null;
  // A load that memory cannot hold must be a deliberate choice: the dashboard allows it, a press here does not.
  const isShort = ram !== null && ram.outcome !== "fits";
  const differences = usePlanDifference(plan);
  const preview = usePlanPreview(patch, plan);
  const state = useEngine()?.state;
  const enlarge = async () => {
    if (await applyAndReport(patch, "model")) onEnlarged();
  };
  return (
    <OverflowChoice
      label={`Enlarge the context to ${formatTokens(contextTokens)}`}
      isDisabled={isShort}
      onChoose={() => void enlarge()}
    >
      <DifferenceList differences={differences} />
      {preview && <p>Only for this model. {costInWords(preview, state)}</p>}
      {isShort && <p className="text-bad">{ramShortage(ram)}</p>}
      {plan?.warnings
        .filter(({ code }) => grave.includes(code))
        .map(({ code, message }) => (
          <p key={code} className="text-bad">
            {message}
          </p>
        ))}
    </OverflowChoice>
  );
}
