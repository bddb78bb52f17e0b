"use client";
import Link from "next/link";
import { buttonClass } from "@/components/ui/button";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import { useAnotherModel } from "@/lib/client/planning/settings-store";
import { useSurface } from "@/lib/client/planning/surface-store";
import { isRemoteSource } from "@/lib/schema/models/model-source";

/** Says that everything below is about a model other than the one that answers, and links back. */
export function PlannedModelBanner() {
  const source = useAnotherModel();
  const shown = useSurface().data?.source ?? null;
  if (source === null) return null;
  return (
    <div role="status" className="card flex flex-wrap items-center gap-x-4 gap-y-2 border-accent px-4 py-3">
      <p className="min-w-0 flex-1 basis-72 break-words">
        {shown === source ? "Planned for " : "Reading the header of "}
        <strong className="font-semibold">{source}</strong>
        {isRemoteSource(source)
          ? ", which is not on this computer: from its header alone."
          : ", which is not loaded: nothing changes until you use it."}
      </p>
      <Link href={dashboardAddress(null)} prefetch={false} className={buttonClass("plain", "sm")}>
        Back to the model in use
      </Link>
    </div>
  );
}
