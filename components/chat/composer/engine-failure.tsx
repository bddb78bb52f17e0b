import Link from "next/link";
import { Button, buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { showFailure } from "@/components/ui/toast/show-failure";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";
import { useModels } from "@/lib/client/models/model-store";
import type { ErrorBody } from "@/lib/schema/api-error";

const load = () => void commandEngine("reload").catch(showFailure("The model cannot answer yet"));

/** Why the model cannot answer, with the next step. Its code loads only then. */
export default function EngineFailure({ error }: { readonly error: ErrorBody }) {
  // Before the first model that is no failure, and loading again would not help.
  const isMissing = error.code === "MODEL_NOT_FOUND";
  const hasNone = useModels().data?.models.length === 0;
  const missing = hasNone ? "No model is on this computer yet." : "The chosen model is not on this computer.";
  const isElsewhere = useEngine()?.other !== undefined;
  return (
    <div
      role="status"
      className={classNames(
        "flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card px-3.5 py-2 text-sm",
        isMissing ? "bg-sunken text-ink-2" : "bg-bad-soft text-bad",
      )}
    >
      <p className="min-w-0 flex-1 basis-40" title={error.message}>
        {isMissing ? missing : `${error.message} ${error.next ?? ""}`}
      </p>
      {!isMissing && (
        <Button size="sm" onClick={load}>
          {isElsewhere ? "Try again" : "Load again"}
        </Button>
      )}
      <Link href="/models" prefetch={false} className={buttonClass("plain", "sm")}>
        Choose a model
      </Link>
    </div>
  );
}
