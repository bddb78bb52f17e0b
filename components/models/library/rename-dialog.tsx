"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { modelStore } from "@/lib/client/models/model-store";
import { renameModel } from "@/lib/schema/api/models";
import { PathField } from "../path-field";

interface RenameDialogProps {
  readonly name: string;
  readonly close: () => void;
  readonly onRenamed?: (name: string) => void;
}

const fileNameOf = (name: string): string => name.split(/[\\/]/).at(-1) ?? name;

export function RenameDialog({ name, close, onRenamed }: RenameDialogProps) {
  const [fileName, setFileName] = useState(fileNameOf(name));
  const { error, handlers } = useForm(async () => {
    const renamed = await apiRequest(renameModel, { body: { name, fileName: fileName.trim() } });
    close();
    onRenamed?.(renamed.name);
    await modelStore.refresh();
  });
  return (
    <Dialog
      onClose={close}
      title="Rename"
      description="It stays in its folder. Its settings follow, and a loaded model is unloaded first."
    >
      <form {...handlers} className="flex flex-col gap-3">
        <PathField label="File name" error={error} value={fileName} onChange={setFileName} />
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
