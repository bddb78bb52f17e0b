"use client";
import Link from "next/link";
import { Button, buttonClass } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";
import { dashboardAddress, usePlannedModel } from "@/lib/client/planning/planned-model";
import { retrySettings } from "@/lib/client/planning/settings-store";
import { surfaceStore } from "@/lib/client/planning/surface-store";
import type { ErrorBody } from "@/lib/schema/api-error";

function readAgain(): void {
  retrySettings();
  void surfaceStore.refresh();
}

/** Without a readable model there is no plan: says what is wrong with the model, and what to do next. */
export function DashboardProblem({ error }: { readonly error: ErrorBody }) {
  const isAnother = usePlannedModel() !== null;
  return (
    <div className="p-4">
      <Problem message={error.message} next={error.next} code={error.code}>
        {isAnother ? (
          <Link href={dashboardAddress(null)} prefetch={false} className={buttonClass("primary")}>
            Back to the model in use
          </Link>
        ) : (
          <Link href="/models" prefetch={false} className={buttonClass("primary")}>
            Choose a model
          </Link>
        )}
        <Button onClick={readAgain}>Try again</Button>
      </Problem>
    </div>
  );
}
