"use client";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { SearchSnippet } from "@/components/chat/sidebar/search-snippet";
import { classNames } from "@/components/ui/class-names";
import { isComposing } from "@/lib/client/is-composing";
import { askPalette, closeOverlay, forgetEnter, PALETTE_FIELD_ID, usePalette } from "@/lib/client/palette-store";
import { paletteCommands } from "./palette-commands";
import { type PaletteItem, paletteGroups } from "./palette-item";
import { usePaletteChats } from "./use-palette-chats";
import { usePaletteEngine } from "./use-palette-engine";
import { usePalettePlaces } from "./use-palette-places";

/** All items that match the typed text, group by group. */
function usePaletteItems(query: string): readonly PaletteItem[] {
  const places = usePalettePlaces();
  const words = query.trim().toLowerCase();
  const commands = [...paletteCommands(places), ...usePaletteEngine(places)].filter(({ label }) =>
    label.toLowerCase().includes(words),
  );
  const items = [...commands, ...usePaletteChats(query.trim(), places)];
  return items.toSorted((a, b) => paletteGroups.indexOf(a.group) - paletteGroups.indexOf(b.group));
}

/** One field for every chat and command: a combobox whose list follows the typed text. */
export default function Palette() {
  const query = usePalette(state => state.query);
  const isEntered = usePalette(state => state.isEntered);
  const [index, setIndex] = useState(0);
  const listId = useId();
  const items = usePaletteItems(query);
  const chosen = Math.min(index, items.length - 1);
  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    closeOverlay();
    item.run();
  };
  const runChosen = () => run(items[chosen]);
  // Enter was pressed before the list appeared.
  useEffect(() => {
    if (!isEntered) return;
    forgetEnter();
    runChosen();
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") runChosen();
    if (steps === undefined || items.length === 0) return;
    event.preventDefault();
    setIndex((chosen + steps + items.length) % items.length);
  };
  return (
    <BaseDialog.Root open onOpenChange={open => !open && closeOverlay()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.45)]" />
        <BaseDialog.Popup
          aria-label="Search chats and commands"
          className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(36rem,calc(100vw-2rem))] -translate-x-1/2 flex-col overflow-hidden rounded-card border border-line bg-raised shadow-pop outline-none"
        >
          <div className="flex items-center gap-2.5 border-line border-b px-4">
            <Search aria-hidden size={16} className="shrink-0 text-ink-3" />
            <input
              id={PALETTE_FIELD_ID}
              role="combobox"
              aria-expanded="true"
              aria-controls={listId}
              aria-activedescendant={items[chosen] && `${listId}-${chosen}`}
              aria-label="Search chats and commands"
              placeholder="Search chats and commands"
              dir="auto"
              className="min-w-0 flex-1 bg-transparent py-3 text-chat outline-none"
              value={query}
              onChange={event => {
                askPalette(event.target.value);
                setIndex(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <div id={listId} role="listbox" aria-label="Results" className="min-h-0 overflow-y-auto p-1.5">
            {paletteGroups.map(group => (
              <PaletteGroup
                key={group}
                name={group}
                listId={listId}
                items={items}
                chosen={chosen}
                onPoint={setIndex}
                onRun={run}
              />
            ))}
            {items.length === 0 && <p className="px-2.5 py-2 text-ink-3">Nothing found</p>}
          </div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

interface PaletteGroupProps {
  readonly name: PaletteItem["group"];
  readonly listId: string;
  /** The items of all groups: an option's index is its place in this list. */
  readonly items: readonly PaletteItem[];
  readonly chosen: number;
  readonly onPoint: (index: number) => void;
  readonly onRun: (item: PaletteItem) => void;
}

function PaletteGroup({ name, listId, items, chosen, onPoint, onRun }: PaletteGroupProps) {
  if (!items.some(({ group }) => group === name)) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a listbox must not contain a fieldset.
    <div role="group" aria-label={name} className="not-first:mt-1.5">
      <p aria-hidden className="px-2.5 pt-1 pb-0.5 text-ink-3 text-xs">
        {name}
      </p>
      {items.map((item, position) => {
        if (item.group !== name) return null;
        const Icon = item.icon;
        return (
          <div
            key={item.id}
            id={`${listId}-${position}`}
            role="option"
            tabIndex={-1}
            aria-selected={position === chosen}
            ref={position === chosen ? element => element?.scrollIntoView({ block: "nearest" }) : undefined}
            onPointerMove={() => onPoint(position)}
            onClick={() => onRun(item)}
            onKeyDown={() => {}}
            className={classNames(
              "flex min-h-8 cursor-default gap-2.5 rounded-control px-2.5 py-1.5",
              position === chosen && "bg-sunken",
            )}
          >
            <Icon aria-hidden size={15} className="mt-0.5 shrink-0 text-ink-3" />
            <span className="min-w-0 flex-1">
              <span className="flex items-baseline justify-between gap-3">
                <span className="truncate">{item.label}</span>
                {item.keys !== undefined && (
                  <kbd className="shrink-0 font-sans text-ink-3 text-xs max-sm:hidden">{item.keys}</kbd>
                )}
              </span>
              {item.detail !== "" && <SearchSnippet text={item.detail} />}
            </span>
          </div>
        );
      })}
    </div>
  );
}
