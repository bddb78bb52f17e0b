import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

interface ProblemProps {
  /** What happened. */
  readonly message: string;
  /** The next step, in words. */
  readonly next?: string | undefined;
  /** For a report of the fault. */
  readonly code?: string | undefined;
  /** The next step, as buttons. */
  readonly children?: ReactNode;
}

/** Shown where something failed to appear: what happened, and what to do. */
export function Problem({ message, next, code, children }: ProblemProps) {
  return (
    <div role="alert" className="card mx-auto my-8 flex w-full max-w-xl flex-col gap-3 p-6">
      <div className="flex items-start gap-3">
        <TriangleAlert aria-hidden size={20} className="mt-0.5 shrink-0 text-warn" />
        <div className="min-w-0">
          <p className="font-semibold break-words">{message}</p>
          {next !== undefined && <p className="mt-1 text-ink-2">{next}</p>}
          {code !== undefined && <p className="mt-1 font-mono text-ink-3 text-xs">{code}</p>}
        </div>
      </div>
      {children !== undefined && <div className="flex flex-wrap gap-2">{children}</div>}
    </div>
  );
}
