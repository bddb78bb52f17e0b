import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";

interface OverflowChoiceProps {
  readonly label: string;
  readonly onChoose: () => void;
  readonly isDisabled?: boolean;
  /** Its cost. */
  readonly children: ReactNode;
}

/** One solution and its cost. */
export function OverflowChoice({ label, onChoose, isDisabled = false, children }: OverflowChoiceProps) {
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1">
      <Button size="sm" disabled={isDisabled} onClick={onChoose}>
        {label}
      </Button>
      <div className="min-w-0 flex-1 basis-72 py-1 text-ink-2">{children}</div>
    </li>
  );
}
