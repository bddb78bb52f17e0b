"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { modelStore } from "@/lib/client/models/model-store";
import { addModelFolder, removeModelFolder } from "@/lib/schema/api/models";
import type { ModelFolder } from "@/lib/schema/models/local-model";
import { PathField } from "../path-field";

/** The folders that are searched, and a field to add one. */
export function LibraryFolders({ folders }: { readonly folders: readonly ModelFolder[] }) {
  const [path, setPath] = useState("");
  const { error, handlers } = useForm(async () => {
    await apiRequest(addModelFolder, { body: { path: path.trim() } });
    setPath("");
    await modelStore.refresh();
  });
  const remove = async (folder: string) => {
    await reportFailure("The folder was not taken off the list", () =>
      apiRequest(removeModelFolder, { body: { path: folder } }),
    );
    await modelStore.refresh();
  };
  return (
    <section aria-label="Folders" className="card mt-4 p-4">
      <h2 className="font-semibold">Folders</h2>
      <ul className="mt-1 mb-3 divide-y divide-line">
        {folders.map(folder => (
          <li key={folder.path} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2">
            <div className="min-w-0 flex-1 basis-56">
              <p className="break-all">
                {folder.path} {!folder.isAdded && <span className="text-ink-2 text-sm">(models folder)</span>}
              </p>
              {folder.problem !== null && <p className="text-sm text-warn">{folder.problem}</p>}
            </div>
            {folder.isAdded && (
              <Button size="sm" aria-label={`Remove ${folder.path}`} onClick={() => void remove(folder.path)}>
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      <form {...handlers} className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1 basis-56">
          <PathField
            label="Add a folder"
            help="Its models are used where they are. Removing it from this list deletes nothing."
            error={error}
            placeholder="/path/to/models"
            value={path}
            onChange={setPath}
          />
        </div>
        <Button type="submit" className="sm:mt-6">
          Add folder
        </Button>
      </form>
    </section>
  );
}
