"use client";
import { type RefObject, useLayoutEffect } from "react";

/** Makes a field as high as its text; a max-height in CSS limits it. */
export function useGrowingTextarea(ref: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what changes the height.
  useLayoutEffect(() => {
    const field = ref.current;
    if (field === null) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }, [ref, text]);
}
