"use client";
import { Check, Copy } from "lucide-react";
import { useCopy } from "@/components/ui/use-copy";
import { MessageAction } from "./message-action";

export function CopyAction({ text, label = "Copy" }: { readonly text: () => string; readonly label?: string }) {
  const { copy, isCopied } = useCopy(text);
  return (
    <MessageAction label={isCopied ? "Copied" : label} onClick={copy}>
      {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
    </MessageAction>
  );
}
