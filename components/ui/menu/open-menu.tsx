"use client";
import { Menu as BaseMenu } from "@base-ui/react/menu";
import Link from "next/link";
import { type ReactElement, type RefCallback, useState } from "react";
import type { MenuEntry } from "./menu-entry";

interface OpenMenuProps {
  readonly trigger: ReactElement;
  readonly align: "start" | "end";
  readonly entries: readonly MenuEntry[];
  /** If true, the first entry gets the focus, as always when a menu is opened by keyboard. */
  readonly byKeyboard: boolean;
}

const itemClass =
  "flex min-h-8 cursor-default items-center gap-2 rounded-[6px] px-2.5 py-1 text-sm outline-none select-none data-highlighted:bg-sunken";

/** The menu itself: open from the start, because the user has pressed its button. */
export function OpenMenu({ trigger, align, entries, byKeyboard }: OpenMenuProps) {
  const [isFirstTime, setFirstTime] = useState(true);
  const chosen = entries.find(entry => "isChosen" in entry && entry.isChosen);
  const firstRef = isFirstTime && byKeyboard ? focus : undefined;
  const items = entries.map((entry, index) => (
    <Item key={entry.label} entry={entry} itemRef={index === 0 ? firstRef : undefined} />
  ));
  return (
    <BaseMenu.Root defaultOpen onOpenChange={() => setFirstTime(false)}>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align={align} className="z-50">
          <BaseMenu.Popup className="min-w-40 rounded-control border border-line bg-raised p-1 shadow-pop outline-none">
            {chosen ? <BaseMenu.RadioGroup value={chosen.label}>{items}</BaseMenu.RadioGroup> : items}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

/** One frame later: the menu must know its entries before it marks one. */
const focus: RefCallback<HTMLElement> = element =>
  void requestAnimationFrame(() => element?.focus({ preventScroll: true }));

interface ItemProps {
  readonly entry: MenuEntry;
  readonly itemRef: RefCallback<HTMLElement> | undefined;
}

function Item({ entry, itemRef }: ItemProps) {
  const { label } = entry;
  if ("path" in entry) {
    return (
      <BaseMenu.LinkItem
        ref={itemRef}
        closeOnClick
        render={<Link href={entry.path} prefetch={false} />}
        aria-current={entry.isCurrent ? "page" : undefined}
        className={itemClass}
      >
        {label}
      </BaseMenu.LinkItem>
    );
  }
  if (entry.isChosen === undefined) {
    return (
      <BaseMenu.Item ref={itemRef} onClick={entry.run} className={itemClass}>
        {label}
      </BaseMenu.Item>
    );
  }
  return (
    <BaseMenu.RadioItem ref={itemRef} value={label} closeOnClick onClick={entry.run} className={itemClass}>
      <span className="w-3" aria-hidden>
        <BaseMenu.RadioItemIndicator>✓</BaseMenu.RadioItemIndicator>
      </span>
      {label}
    </BaseMenu.RadioItem>
  );
}
