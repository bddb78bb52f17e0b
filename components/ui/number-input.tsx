"use client";
import { useState } from "react";
import { isComposing } from "@/lib/client/is-composing";
import { classNames } from "./class-names";

interface NumberInputProps {
  readonly label: string;
  readonly value: number;
  /** Shown inside, after the number. */
  readonly unit?: string | undefined;
  readonly format?: (value: number) => string;
  /** The meaning of the text, or null if it has none: then the old value comes back. */
  readonly parse: (text: string) => number | null;
  readonly onCommit: (value: number) => void;
  readonly className?: string;
}

/** A typed number. Enter or leaving the field commits, Escape restores the old value. */
export function NumberInput({ label, value, unit, format = String, parse, onCommit, className }: NumberInputProps) {
  const [text, setText] = useState<string | null>(null);
  const commit = () => {
    if (text === null) return;
    const parsed = parse(text);
    if (parsed !== null && parsed !== value) onCommit(parsed);
    setText(null);
  };
  return (
    <span
      className={classNames(
        "flex h-7 items-center gap-1 rounded-control border border-line-strong bg-sunken px-2 text-sm focus-within:outline-2 focus-within:outline-accent",
        className,
      )}
    >
      <input
        type="text"
        inputMode="decimal"
        aria-label={unit === undefined ? label : `${label}, ${unit}`}
        className="w-full min-w-0 bg-transparent text-right outline-none"
        value={text ?? format(value)}
        onChange={event => setText(event.target.value)}
        onFocus={event => event.target.select()}
        onBlur={commit}
        onKeyDown={event => {
          if (isComposing(event)) return;
          if (event.key === "Enter") commit();
          if (event.key === "Escape") setText(null);
        }}
      />
      {unit !== undefined && (
        <span aria-hidden className="text-ink-3">
          {unit}
        </span>
      )}
    </span>
  );
}
