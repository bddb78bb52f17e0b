"use client";
import { Menu as BaseMenu } from "@base-ui/react/menu";
import type { ReactElement } from "react";
import { MenuItem } from "@/components/ui/menu";
import type { MenuEntry } from "./menu-entry";

interface OpenMenuProps {
  readonly trigger: ReactElement;
  readonly align: "start" | "end";
  readonly entries: readonly MenuEntry[];
}

/** The menu itself: open from the start, because it was asked for. */
export default function OpenMenu({ trigger, align, entries }: OpenMenuProps) {
  return (
    <BaseMenu.Root defaultOpen>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align={align} className="z-50">
          <BaseMenu.Popup className="min-w-40 rounded-control border border-line bg-raised p-1 shadow-pop outline-none">
            {entries.map(({ label, run }) => (
              <MenuItem key={label} onSelect={run}>
                {label}
              </MenuItem>
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}
