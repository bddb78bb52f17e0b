"use client";
import { Check, Copy } from "lucide-react";
import { MessageAction } from "./message-action";
import { useCopy } from "./use-copy";

export function CopyAction({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const { copy, isCopied } = useCopy(text);
  return (
    <MessageAction label={isCopied ? "Copied" : label} onClick={copy}>
      {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
    </MessageAction>
  );
}
