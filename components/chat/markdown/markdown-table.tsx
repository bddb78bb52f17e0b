"use client";
import { type ComponentProps, useRef } from "react";
import { type ExtraProps, extractTableDataFromElement, tableDataToTSV } from "streamdown";
import { CopyAction } from "@/components/chat/transcript/copy-action";

/** A table that scrolls by itself when it is wider than the page. A copy of it can be pasted into a spreadsheet. */
export function MarkdownTable({ children }: ComponentProps<"table"> & ExtraProps) {
  const tableRef = useRef<HTMLTableElement>(null);
  const cells = () => (tableRef.current === null ? "" : tableDataToTSV(extractTableDataFromElement(tableRef.current)));
  return (
    <figure className="table-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables scroll, also by keyboard. */}
      <section tabIndex={0} aria-label="Table">
        <table ref={tableRef}>{children}</table>
      </section>
      <figcaption>
        <CopyAction label="Copy table" text={cells} />
      </figcaption>
    </figure>
  );
}
