"use client";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { useRouter } from "next/navigation";
import { type KeyboardEvent, useId, useState } from "react";
import { classNames } from "@/components/ui/class-names";
import { paletteCommands } from "./palette-commands";
import type { PaletteItem } from "./palette-item";
import { SearchSnippet } from "./search-snippet";
import { usePaletteChats } from "./use-palette-chats";
import { usePaletteEngine } from "./use-palette-engine";

interface PaletteProps {
  readonly onClose: () => void;
  readonly onShowShortcuts: () => void;
}

/** One field for every chat and command: a combobox whose list follows what is typed. */
export default function Palette({ onClose, onShowShortcuts }: PaletteProps) {
  const router = useRouter();
  const [query, setQuery] = useState("");
  const [index, setIndex] = useState(0);
  const listId = useId();
  const commands = paletteCommands({ goToPage: path => router.push(path), showShortcuts: onShowShortcuts });
  const matching = [...commands, ...usePaletteEngine()].filter(({ label }) =>
    label.toLowerCase().includes(query.trim().toLowerCase()),
  );
  const items = [...matching, ...usePaletteChats(query.trim())];
  const chosen = Math.min(index, items.length - 1);
  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    item.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") run(items[chosen]);
    if (steps === undefined || items.length === 0) return;
    event.preventDefault();
    setIndex((chosen + steps + items.length) % items.length);
  };
  return (
    <BaseDialog.Root open onOpenChange={open => !open && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.45)]" />
        <BaseDialog.Popup
          aria-label="Search chats and commands"
          className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(36rem,calc(100vw-2rem))] -translate-x-1/2 flex-col overflow-hidden rounded-card border border-line bg-raised shadow-pop outline-none"
        >
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={items[chosen] && `${listId}-${chosen}`}
            aria-label="Search chats and commands"
            placeholder="Search chats and commands"
            className="border-line border-b bg-transparent px-4 py-3 text-chat outline-none"
            value={query}
            onChange={event => {
              setQuery(event.target.value);
              setIndex(0);
            }}
            onKeyDown={onKeyDown}
          />
          <div id={listId} role="listbox" aria-label="Results" className="min-h-0 overflow-y-auto p-1.5">
            {items.map((item, position) => (
              <div
                key={item.id}
                id={`${listId}-${position}`}
                role="option"
                tabIndex={-1}
                aria-selected={position === chosen}
                ref={position === chosen ? element => element?.scrollIntoView({ block: "nearest" }) : undefined}
                onPointerMove={() => setIndex(position)}
                onClick={() => run(item)}
                onKeyDown={() => {}}
                className={classNames(
                  "cursor-default rounded-control px-2.5 py-1.5",
                  position === chosen && "bg-sunken",
                )}
              >
                <span className="flex items-baseline justify-between gap-3">
                  <span className="truncate">{item.label}</span>
                  {item.keys !== undefined && (
                    <kbd className="shrink-0 text-ink-3 text-xs max-sm:hidden">{item.keys}</kbd>
                  )}
                </span>
                {item.detail !== "" && <SearchSnippet text={item.detail} />}
              </div>
            ))}
            {items.length === 0 && <p className="px-2.5 py-2 text-ink-3">Nothing found</p>}
          </div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
