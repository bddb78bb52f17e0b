"use client";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu/menu";
import { compareAddress } from "@/lib/client/models/compare-address";
import { modelAddress } from "@/lib/client/models/model-details";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { copyPath, makeDefault, moveToTrash, takeOffList } from "./model-actions";
import { canChat } from "./model-facts";
import { RenameDialog } from "./rename-dialog";

interface ModelMenuProps {
  readonly model: LocalModel;
  readonly isDefault: boolean;
  readonly modelsFolder: string;
}

const isWholePath = (name: string): boolean => name.startsWith("/") || /^[a-z]:/i.test(name);

/** What can be done with a file of the library. */
export function ModelMenu({ model, isDefault, modelsFolder }: ModelMenuProps) {
  const { name, origin } = model;
  const path = origin?.path ?? (isWholePath(name) ? name : `${modelsFolder}/${name}`);
  const [isRenaming, setRenaming] = useState(false);
  const copy = { label: "Copy path", run: () => void copyPath(path) };
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label={`More for ${name}`}>
            <Ellipsis aria-hidden size={16} />
          </Button>
        }
        entries={[
          { label: "Details", path: modelAddress(name), isCurrent: false },
          ...(canChat(model)
            ? [{ label: "See its plan", path: dashboardAddress(isDefault ? null : name), isCurrent: false }]
            : []),
          { label: "Compare", path: compareAddress([name]), isCurrent: false },
          ...(canChat(model) && !isDefault ? [{ label: "Set as default", run: () => void makeDefault(name) }] : []),
          ...(origin === null
            ? [
                { label: "Rename", run: () => setRenaming(true) },
                copy,
                { label: "Move to trash", run: () => void moveToTrash(name) },
              ]
            : [copy, { label: "Take off the list", run: () => void takeOffList(name) }]),
        ]}
      />
      {isRenaming && <RenameDialog name={name} close={() => setRenaming(false)} />}
    </>
  );
}
