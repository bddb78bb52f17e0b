"use client";
import type { ReactNode } from "react";

interface MessageActionProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  /** The icon. The label stands beside it; on a phone only screen readers get the label. */
  readonly children: ReactNode;
}

/** A small button below a message. */
export function MessageAction({ label, onClick, disabled, children }: MessageActionProps) {
  return (
    <button
      type="button"
      onClick={onClick}
      disabled={disabled}
      className="inline-flex min-h-7 min-w-7 items-center justify-center gap-1.5 rounded-control px-1.5 text-ink-3 text-xs hover:bg-sunken hover:text-ink disabled:opacity-50"
    >
      {children}
      <span className="max-sm:sr-only">{label}</span>
    </button>
  );
}
