"use client";
import { Popover } from "@base-ui/react/popover";
import { Info as InfoIcon } from "lucide-react";

/** A longer explanation behind a small button: opens on hover, on press and by keyboard. */
export function Info({ about, children }: { readonly about: string; readonly children: string }) {
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={250}
        aria-label={`About ${about}`}
        className="grid size-6 place-items-center rounded-full text-ink-3 hover:text-ink"
      >
        <InfoIcon aria-hidden size={14} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={4} className="z-50">
          <Popover.Popup className="max-w-72 rounded-control border border-line bg-raised px-3 py-2 text-ink text-sm shadow-pop outline-none">
            <Popover.Description>{children}</Popover.Description>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
