"use client";
import { Ellipsis } from "lucide-react";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, FieldInput } from "@/components/ui/field";
import { Menu } from "@/components/ui/menu";
import { showToast } from "@/components/ui/toast";
import { apiRequest, errorBody } from "@/lib/client/api-request";
import { compareAddress } from "@/lib/client/compare-address";
import { modelStore } from "@/lib/client/model-store";
import { trashStore } from "@/lib/client/trash-store";
import { removeModelFile, renameModel, restoreModel, trashModel } from "@/lib/schema/api/models";
import type { LocalModel } from "@/lib/schema/local-model";

interface ModelMenuProps {
  readonly model: LocalModel;
  readonly modelsFolder: string;
}

const isWholePath = (name: string): boolean => name.startsWith("/") || /^[a-z]:/i.test(name);
const fileNameOf = (name: string): string => name.split(/[\\/]/).at(-1) ?? name;

function showFailure(title: string, failure: unknown): void {
  const { message, next } = errorBody(failure);
  showToast({ title, description: next === undefined ? message : `${message} ${next}`, tone: "bad" });
}

const readAgain = () => Promise.all([modelStore.refresh(), trashStore.refresh()]);

async function copyPath(name: string, modelsFolder: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(isWholePath(name) ? name : `${modelsFolder}/${name}`);
    showToast({ title: "Path copied" });
  } catch {
    showToast({ title: "The browser did not allow copying", tone: "bad" });
  }
}

async function putBack(id: string): Promise<void> {
  try {
    await apiRequest(restoreModel, { body: { id } });
    await readAgain();
  } catch (failure) {
    showFailure("Not put back", failure);
  }
}

async function moveToTrash(name: string): Promise<void> {
  try {
    const { id } = await apiRequest(trashModel, { body: { name } });
    showToast({
      title: "Moved to the trash",
      description: name,
      action: { label: "Put back", run: () => void putBack(id) },
    });
    await readAgain();
  } catch (failure) {
    showFailure("Not moved to the trash", failure);
  }
}

async function takeOffList(name: string): Promise<void> {
  try {
    await apiRequest(removeModelFile, { body: { name } });
    showToast({ title: "Taken off the list", description: "Its file stays where it is." });
    await modelStore.refresh();
  } catch (failure) {
    showFailure("Not taken off the list", failure);
  }
}

/** What can be done with a file of the library. */
export function ModelMenu({ model: { name, origin }, modelsFolder }: ModelMenuProps) {
  const router = useRouter();
  const compare = { label: "Compare", run: () => router.push(compareAddress([name])) };
  const copy = { label: "Copy path", run: () => void copyPath(origin?.path ?? name, modelsFolder) };
  const [isRenaming, setRenaming] = useState(false);
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label={`More for ${name}`}>
            <Ellipsis aria-hidden size={16} />
          </Button>
        }
        entries={
          origin === null
            ? [
                { label: "Rename", run: () => setRenaming(true) },
                compare,
                copy,
                { label: "Move to trash", run: () => void moveToTrash(name) },
              ]
            : [compare, copy, { label: "Take off the list", run: () => void takeOffList(name) }]
        }
      />
      {isRenaming && <RenameDialog name={name} close={() => setRenaming(false)} />}
    </>
  );
}

function RenameDialog({ name, close }: { readonly name: string; readonly close: () => void }) {
  const [fileName, setFileName] = useState(fileNameOf(name));
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await apiRequest(renameModel, { body: { name, fileName: fileName.trim() } });
      close();
      await modelStore.refresh();
    } catch (failure) {
      setError(errorBody(failure).message);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={open => !open && close()}
      title="Rename"
      description="It stays in its folder. Its settings follow, and a loaded model is unloaded first."
    >
      <form onSubmit={event => void submit(event)} className="flex flex-col gap-3">
        <Field label="File name" error={error}>
          <FieldInput
            required
            autoComplete="off"
            spellCheck={false}
            value={fileName}
            onChange={event => {
              setFileName(event.target.value);
              setError(null);
            }}
          />
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" look="primary">
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
