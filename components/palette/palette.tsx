"use client";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { Search } from "lucide-react";
import { useEffect } from "react";
import { SearchSnippet } from "@/components/chat/sidebar/search-snippet";
import { ComboOption, useComboList } from "@/components/ui/combo-list";
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
  const items = usePaletteItems(query);
  const run = (position: number) => {
    const item = items[position];
    if (item === undefined) return;
    closeOverlay();
    item.run();
  };
  const combo = useComboList(items.length, run);
  // Enter was pressed before the list appeared.
  useEffect(() => {
    if (!isEntered) return;
    forgetEnter();
    run(combo.pointed);
  });
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
              {...combo.field}
              aria-label="Search chats and commands"
              placeholder="Search chats and commands"
              dir="auto"
              className="min-w-0 flex-1 bg-transparent py-3 text-chat outline-none"
              value={query}
              onChange={event => {
                askPalette(event.target.value);
                combo.pointAtFirst();
              }}
            />
          </div>
          <div id={combo.listId} role="listbox" aria-label="Results" className="min-h-0 overflow-y-auto p-1.5">
            {paletteGroups.map(group => (
              <PaletteGroup key={group} name={group} items={items} option={combo.option} />
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
  /** The items of all groups: an option's index is its place in this list. */
  readonly items: readonly PaletteItem[];
  readonly option: ReturnType<typeof useComboList>["option"];
}

function PaletteGroup({ name, items, option }: PaletteGroupProps) {
  if (!items.some(({ group }) => group === name)) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a listbox must not contain a fieldset.
    <div role="group" aria-label={name} className="not-first:mt-1.5">
      <p aria-hidden className="px-2.5 pt-1 pb-0.5 text-ink-3 text-xs">
        {name}
      </p>
      {items.map(
        (item, position) =>
          item.group === name && (
            <ComboOption key={item.id} {...option(position)} className="gap-2.5">
              <item.icon aria-hidden size={15} className="mt-0.5 shrink-0 text-ink-3" />
              <span className="min-w-0 flex-1">
                <span className="flex items-baseline justify-between gap-3">
                  <span className="truncate">{item.label}</span>
                  {item.keys !== undefined && (
                    <kbd className="shrink-0 font-sans text-ink-3 text-xs max-sm:hidden">{item.keys}</kbd>
                  )}
                </span>
                {item.detail !== "" && <SearchSnippet text={item.detail} />}
              </span>
            </ComboOption>
          ),
      )}
    </div>
  );
}
