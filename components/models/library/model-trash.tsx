"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { apiRequest } from "@/lib/client/api-request";
import { modelStore } from "@/lib/client/models/model-store";
import { trashStore, useTrash } from "@/lib/client/models/trash-store";
import { emptyTrash, restoreModel } from "@/lib/schema/api/models";
import { formatBytes } from "@/lib/units/bytes";

/** The models in the trash: each can be put back, until a second press deletes all of them. */
export function ModelTrash() {
  const models = useTrash();
  const [isAsked, setAsked] = useState(false);
  if (models.length === 0) return null;
  const run = async (work: () => Promise<unknown>) => {
    await reportFailure("The trash stays as it is", work);
    setAsked(false);
    await Promise.all([trashStore.refresh(), modelStore.refresh()]);
  };
  const bytes = models.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  return (
    <section aria-label="Trash" className="card mt-4 p-4">
      <div className="flex flex-wrap items-center gap-3">
        <h2 className="flex-1 font-semibold">Trash · {formatBytes(bytes)}</h2>
        {isAsked && <Button onClick={() => setAsked(false)}>Keep</Button>}
        <Button look="danger" onClick={() => (isAsked ? void run(() => apiRequest(emptyTrash, {})) : setAsked(true))}>
          {isAsked ? `Delete ${models.length === 1 ? "it" : `all ${models.length}`} for good` : "Empty trash"}
        </Button>
      </div>
      <ul className="mt-2 divide-y divide-line">
        {models.map(({ id, name, fileBytes }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2">
            <span className="min-w-0 flex-1 basis-56 break-words">{name}</span>
            <span className="text-ink-2 text-sm">{formatBytes(fileBytes)}</span>
            <Button
              size="sm"
              aria-label={`Put back ${name}`}
              onClick={() => void run(() => apiRequest(restoreModel, { body: { id } }))}
            >
              Put back
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
