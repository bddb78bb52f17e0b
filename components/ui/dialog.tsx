"use client";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { buttonClass } from "./button";
import { classNames } from "./class-names";

const places = {
  center:
    "top-1/2 left-1/2 w-[min(32rem,calc(100vw-2rem))] max-h-[calc(100dvh-4rem)] -translate-x-1/2 -translate-y-1/2 rounded-card data-starting-style:opacity-0 data-ending-style:opacity-0",
  /** A sheet from the left edge: navigation and lists on a phone. */
  left: "inset-y-0 left-0 w-[min(20rem,calc(100vw-3rem))] border-r data-starting-style:-translate-x-full data-ending-style:-translate-x-full",
  right:
    "inset-y-0 right-0 w-[min(26rem,calc(100vw-2rem))] border-l data-starting-style:translate-x-full data-ending-style:translate-x-full",
  bottom:
    "inset-x-0 bottom-0 max-h-[85dvh] rounded-t-card border-t data-starting-style:translate-y-full data-ending-style:translate-y-full",
} as const;

interface DialogProps {
  readonly onClose: () => void;
  readonly title: string;
  readonly description?: string;
  readonly place?: keyof typeof places;
  readonly children: ReactNode;
}

/** A modal window, or with a `place` at an edge, a sheet. Escape and a press outside close it; focus returns to where it was. */
export function Dialog({ onClose, title, description, place = "center", children }: DialogProps) {
  return (
    <BaseDialog.Root open onOpenChange={open => !open && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.45)] transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <BaseDialog.Popup
          className={classNames(
            "fixed z-50 flex flex-col overflow-hidden border border-line bg-surface shadow-pop outline-none transition-[opacity,transform,translate] duration-150",
            places[place],
          )}
        >
          <div className="flex items-start gap-3 border-line border-b px-4 py-3">
            <div className="min-w-0 flex-1">
              <BaseDialog.Title className="font-semibold">{title}</BaseDialog.Title>
              {description !== undefined && (
                <BaseDialog.Description className="text-ink-2 text-sm">{description}</BaseDialog.Description>
              )}
            </div>
            <BaseDialog.Close aria-label="Close" className={buttonClass("quiet", "icon")}>
              <X aria-hidden size={16} />
            </BaseDialog.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-auto p-4">{children}</div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
