import { TriangleAlert } from "lucide-react";
import type { PlanWarning } from "@/lib/plan/layer-plan";

/** The sentence above says these already. */
const saidElsewhere: readonly PlanWarning["code"][] = ["no-gpu"];

export function PlanWarnings({ warnings }: { readonly warnings: readonly PlanWarning[] }) {
  const shown = warnings.filter(warning => !saidElsewhere.includes(warning.code));
  if (shown.length === 0) return null;
  return (
    <ul className="mt-2 flex flex-col gap-1">
      {shown.map(warning => (
        <li key={warning.code} className="flex items-start gap-2 text-sm text-warn">
          <TriangleAlert aria-hidden size={15} className="mt-0.5 shrink-0" />
          {warning.message}
        </li>
      ))}
    </ul>
  );
}
