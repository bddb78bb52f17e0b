"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { modelAddress } from "@/lib/client/models/model-details";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import { useSettings } from "@/lib/client/planning/settings-store";
import type { ModelDetails } from "@/lib/schema/models/model-details";
import { LoadButtons } from "../library/load-buttons";
import { copyPath, makeDefault, moveToTrash, takeOffList } from "../library/model-actions";
import { canChat, modelTitle } from "../library/model-facts";
import { ModelNotes } from "../library/model-notes";
import { RenameDialog } from "../library/rename-dialog";
import { PlanBadge, PlanSpeedWords, useRamIsShort } from "../plan-badge";

/** The model's name, how it would run here, and what can be done with it. */
export function ModelHead({ details: { model, path } }: { readonly details: ModelDetails }) {
  const { name, origin, plan } = model;
  const router = useRouter();
  const [isRenaming, setRenaming] = useState(false);
  const isDefault = useSettings(state => state.saved?.MODEL === name);
  const title = modelTitle(model);
  // Then the buttons lead to the plan.
  const isTooLarge = useRamIsShort(plan);
  const leave = () => router.replace("/models");
  return (
    <div className="card p-4 sm:px-[18px]">
      <h1 className="font-semibold text-sentence tracking-[-0.01em] break-words">{name}</h1>
      {title !== null && <p className="line-clamp-2 text-ink-2 break-words">{title}</p>}
      <ModelNotes model={model} />
      {plan && (
        <p className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1">
          <PlanBadge plan={plan} />
          <PlanSpeedWords plan={plan} />
        </p>
      )}
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <LoadButtons model={model} isDefault={isDefault} />
        {canChat(model) && !isTooLarge && (
          <Link
            href={dashboardAddress(isDefault ? null : name)}
            prefetch={false}
            className={buttonClass()}
            aria-label={`See the plan of ${name}`}
          >
            See its plan
          </Link>
        )}
      </div>
      <div className="mt-2 -mb-1 -ml-3 flex flex-wrap items-center">
        {canChat(model) && !isDefault && (
          <Button look="quiet" onClick={() => void makeDefault(name)}>
            Set as default
          </Button>
        )}
        <Button look="quiet" onClick={() => void copyPath(path)}>
          Copy path
        </Button>
        {origin === null ? (
          <>
            <Button look="quiet" onClick={() => setRenaming(true)}>
              Rename
            </Button>
            <Button look="quiet" onClick={() => void moveToTrash(name, leave)}>
              Move to trash
            </Button>
          </>
        ) : (
          <Button look="quiet" onClick={() => void takeOffList(name, leave)}>
            Take off the list
          </Button>
        )}
      </div>
      {isRenaming && (
        <RenameDialog
          name={name}
          close={() => setRenaming(false)}
          onRenamed={renamed => router.replace(modelAddress(renamed))}
        />
      )}
    </div>
  );
}
