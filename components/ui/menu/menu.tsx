"use client";
import { cloneElement, type KeyboardEvent, type MouseEvent, type ReactElement, useState } from "react";
import { showToast } from "../toast/toast";
import type { MenuEntry } from "./menu-entry";

interface TriggerProps {
  readonly onClick?: (event: MouseEvent) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly "aria-haspopup"?: "menu";
  readonly "aria-expanded"?: boolean;
}

interface MenuProps {
  /** The button that opens it. */
  readonly trigger: ReactElement<TriggerProps>;
  readonly align?: "start" | "end";
  readonly entries: readonly MenuEntry[];
}

const loadMenu = () => import("./open-menu");
type OpenMenu = Awaited<ReturnType<typeof loadMenu>>["OpenMenu"];

/** Loads the code behind the buttons before one of them is pressed. */
export const preloadMenu = (): void => void loadMenu().catch(() => {});

const refuse = () => showToast({ title: "The menu could not be loaded: is Headroom still running?", tone: "bad" });

/**
 * A menu behind a button. Its code loads with the first press, so a list of hundreds of rows builds no menu at all. The
 * button keeps the focus until the menu is there.
 */
export function Menu({ trigger, align = "end", entries }: MenuProps) {
  const [opened, setOpened] = useState<{ readonly OpenMenu: OpenMenu; readonly byKeyboard: boolean } | null>(null);
  if (opened !== null) return <opened.OpenMenu {...{ trigger, align, entries }} byKeyboard={opened.byKeyboard} />;
  const open = (byKeyboard: boolean) => loadMenu().then(({ OpenMenu }) => setOpened({ OpenMenu, byKeyboard }), refuse);
  return cloneElement(trigger, {
    // A click made by a key has no click count.
    onClick: event => void open(event.detail === 0),
    onKeyDown: event => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      void open(true);
    },
    "aria-haspopup": "menu",
    "aria-expanded": false,
  });
}
