"use client";
import { useEffect, useState } from "react";
import { showFailure } from "@/components/ui/show-failure";

const COPIED_SHOWN_MS = 1500;

/** Copies a text to the clipboard and shows for a moment that it did. */
export function useCopy(text: string): { readonly copy: () => void; readonly isCopied: boolean } {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(() => setCopied(true), showFailure("It was not copied"));
  };
  return { copy, isCopied };
}
