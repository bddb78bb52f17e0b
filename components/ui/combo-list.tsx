"use client";
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { isComposing } from "@/lib/client/is-composing";
import { classNames } from "./class-names";

/** A combobox whose list follows the typed text: the option that the arrow keys have reached, and what field, list and options need. */
export function useComboList(count: number, choose: (position: number) => void) {
  const id = useId();
  const [reached, setReached] = useState(0);
  const pointed = Math.min(reached, count - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key !== "Enter" && steps === undefined) return;
    // Otherwise the button that gets the focus back would be pressed too, and open the list again.
    event.preventDefault();
    if (steps === undefined) choose(pointed);
    else if (count > 0) setReached((pointed + steps + count) % count);
  };
  return {
    pointed,
    pointAtFirst: () => setReached(0),
    field: {
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": id,
      "aria-activedescendant": count > 0 ? `${id}-${pointed}` : undefined,
      onKeyDown,
    },
    listId: id,
    option: (position: number) => ({
      id: `${id}-${position}`,
      isPointed: position === pointed,
      onPoint: () => setReached(position),
      onChoose: () => choose(position),
    }),
  } as const;
}

interface ComboOptionProps extends ReturnType<ReturnType<typeof useComboList>["option"]> {
  readonly isDisabled?: boolean;
  readonly className: string;
  readonly children: ReactNode;
}

export function ComboOption({ id, isPointed, isDisabled, onPoint, onChoose, className, children }: ComboOptionProps) {
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isPointed}
      aria-disabled={isDisabled}
      ref={isPointed ? element => element?.scrollIntoView({ block: "nearest" }) : undefined}
      onPointerMove={onPoint}
      onClick={onChoose}
      onKeyDown={() => {}}
      className={classNames(
        "flex min-h-8 cursor-default rounded-control px-2.5 py-1.5",
        isPointed && "bg-sunken",
        className,
      )}
    >
      {children}
    </div>
  );
}
