"use client";
import { useState } from "react";
import { classNames } from "@/components/ui/class-names";
import { beginningOf } from "@/lib/units/graphemes";

/** Ten pages: as much as a person reads before wanting the rest. */
const SHOWN_CHARACTERS = 20_000;

/** Text without markup. Only the beginning of a very long one is shown at first; otherwise every keystroke elsewhere would wait for its layout. */
export function LongText({ text, className }: { readonly text: string; readonly className?: string }) {
  const [showsAll, setShowsAll] = useState(false);
  const isCut = !showsAll && text.length > SHOWN_CHARACTERS;
  return (
    <div dir="auto" className={classNames("text-chat whitespace-pre-wrap [overflow-wrap:anywhere]", className)}>
      {isCut ? beginningOf(text, SHOWN_CHARACTERS) : text}
      {isCut && (
        <button type="button" className="block min-h-7 text-accent underline" onClick={() => setShowsAll(true)}>
          Show all {text.length.toLocaleString("en-US")} characters
        </button>
      )}
    </div>
  );
}
