import type { ComponentProps, ReactNode } from "react";
import { classNames } from "./class-names";
import { ScrollRegion } from "./scroll-region";

interface TableProps {
  /** Says what the table holds; read aloud, not shown. */
  readonly caption: string;
  readonly headings: readonly string[];
  readonly children: ReactNode;
}

/** Figures in rows: the first column names the row, the rest is right-aligned. It scrolls sideways in itself on a phone. */
export function Table({ caption, headings, children }: TableProps) {
  return (
    <ScrollRegion label={caption} className="-mx-1 overflow-x-auto px-1">
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {headings.map((heading, index) => (
              <th
                key={heading}
                scope="col"
                className={classNames(
                  "border-line border-b px-2 py-1.5 font-normal text-ink-3 whitespace-nowrap",
                  index === 0 ? "text-left" : "text-right",
                )}
              >
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollRegion>
  );
}

export function RowHead({ className, ...rest }: ComponentProps<"th">) {
  return (
    <th
      scope="row"
      {...rest}
      className={classNames("border-line border-b px-2 py-1.5 text-left font-normal whitespace-nowrap", className)}
    />
  );
}

export function Cell({ className, ...rest }: ComponentProps<"td">) {
  return (
    <td {...rest} className={classNames("border-line border-b px-2 py-1.5 text-right whitespace-nowrap", className)} />
  );
}

/** A cell of prose: it wraps, and reads from the left. */
export function TextCell({ children }: { readonly children: ReactNode }) {
  return <td className="min-w-52 border-line border-b px-2 py-1.5 text-ink-2">{children}</td>;
}
