"use client";
import { Menu as BaseMenu } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";

interface MenuProps {
  /** The button that opens it. */
  readonly trigger: ReactElement;
  readonly align?: "start" | "end";
  readonly children: ReactNode;
}

export const menuItemClass =
  "flex min-h-8 cursor-default items-center gap-2 rounded-[6px] px-2.5 py-1 text-sm outline-none select-none data-highlighted:bg-sunken data-disabled:text-ink-3";

/** A list of actions behind a button. */
export function Menu({ trigger, align = "end", children }: MenuProps) {
  return (
    <BaseMenu.Root>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={4} align={align} className="z-50">
          <BaseMenu.Popup className="min-w-40 rounded-control border border-line bg-raised p-1 shadow-pop outline-none">
            {children}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

export function MenuItem({ onSelect, children }: { readonly onSelect: () => void; readonly children: ReactNode }) {
  return (
    <BaseMenu.Item onClick={onSelect} className={menuItemClass}>
      {children}
    </BaseMenu.Item>
  );
}

interface MenuChoiceProps {
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

/** One of several, the present one marked. */
export function MenuChoice({ value, choices, onChange }: MenuChoiceProps) {
  return (
    <BaseMenu.RadioGroup value={value} onValueChange={onChange}>
      {choices.map(choice => (
        <BaseMenu.RadioItem key={choice.value} value={choice.value} closeOnClick className={menuItemClass}>
          <span className="w-3" aria-hidden>
            <BaseMenu.RadioItemIndicator>✓</BaseMenu.RadioItemIndicator>
          </span>
          {choice.label}
        </BaseMenu.RadioItem>
      ))}
    </BaseMenu.RadioGroup>
  );
}
