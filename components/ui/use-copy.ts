import { useEffect, useState } from "react";
import { showToast } from "./toast/toast";

const COPIED_SHOWN_MS = 1500;

/** @returns whether it was copied; if not, a toast says so. Browsers have no clipboard for pages without TLS from other computers. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    showToast({ title: "The browser did not allow copying", tone: "bad" });
    return false;
  }
}

/** Copies a text to the clipboard and shows for a moment that it did. */
export function useCopy(text: () => string): { readonly copy: () => void; readonly isCopied: boolean } {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return { copy: () => void copyText(text()).then(setCopied), isCopied };
}
