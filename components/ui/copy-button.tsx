"use client";
import { Check, Copy } from "lucide-react";
import { Button } from "./button";
import { useCopy } from "./use-copy";

interface CopyButtonProps {
  readonly label: string;
  /** Called when the button is pressed. */
  readonly text: () => string;
}

export function CopyButton({ label, text }: CopyButtonProps) {
  const { copy, isCopied } = useCopy(text);
  return (
    <Button size="sm" onClick={copy}>
      {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
      <span aria-live="polite">{isCopied ? "Copied" : label}</span>
    </Button>
  );
}
