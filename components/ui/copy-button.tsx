"use client";
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./button";
import { showToast } from "./toast";

const SHOWN_MS = 1500;

interface CopyButtonProps {
  readonly label: string;
  /** Called when the button is pressed. */
  readonly text: () => string;
}

/** Copies text to the clipboard and shows for a moment that it did. */
export function CopyButton({ label, text }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      showToast({ title: "The browser did not allow copying", tone: "bad" });
    }
  };
  return (
    <Button size="sm" onClick={() => void copy()}>
      {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
      <span aria-live="polite">{isCopied ? "Copied" : label}</span>
    </Button>
  );
}
