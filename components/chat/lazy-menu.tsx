"use client";
import { cloneElement, lazy, type ReactElement, Suspense, useState } from "react";
import type { MenuEntry } from "./menu-entry";

const OpenMenu = lazy(() => import("./open-menu"));

interface LazyMenuProps {
  /** The button that opens it. */
  readonly trigger: ReactElement<{ onClick?: () => void; "aria-haspopup"?: "menu"; "aria-expanded"?: boolean }>;
  readonly align?: "start" | "end";
  readonly entries: readonly MenuEntry[];
}

/** A menu behind a button. Its code comes with the first press, and a list of hundreds of rows builds no menu at all. */
export function LazyMenu({ trigger, align = "end", entries }: LazyMenuProps) {
  const [isWanted, setWanted] = useState(false);
  const button = cloneElement(trigger, {
    onClick: () => setWanted(true),
    "aria-haspopup": "menu",
    "aria-expanded": false,
  });
  if (!isWanted) return button;
  return (
    <Suspense fallback={button}>
      <OpenMenu trigger={trigger} align={align} entries={entries} />
    </Suspense>
  );
}
