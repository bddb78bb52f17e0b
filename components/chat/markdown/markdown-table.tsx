"use client";
import { Check, Copy } from "lucide-react";
import { type ComponentProps, useRef, useState } from "react";
import { type ExtraProps, extractTableDataFromElement, tableDataToTSV } from "streamdown";
import { MessageAction } from "@/components/chat/transcript/message-action";
import { showFailure } from "@/components/ui/show-failure";

/** A table that scrolls by itself when it is wider than the page. A copy of it can be pasted into a spreadsheet. */
export function MarkdownTable({ children }: ComponentProps<"table"> & ExtraProps) {
  const tableRef = useRef<HTMLTableElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    if (tableRef.current === null) return;
    const cells = tableDataToTSV(extractTableDataFromElement(tableRef.current));
    navigator.clipboard.writeText(cells).then(() => setCopied(true), showFailure("The table was not copied"));
  };
  return (
    <figure className="table-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables scroll, also by keyboard. */}
      <section tabIndex={0} aria-label="Table">
        <table ref={tableRef}>{children}</table>
      </section>
      <figcaption>
        <MessageAction label={isCopied ? "Copied" : "Copy table"} onClick={copy}>
          {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
        </MessageAction>
      </figcaption>
    </figure>
  );
}
