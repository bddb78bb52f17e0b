import type { ComponentProps, ReactNode } from "react";
import { classNames } from "./class-names";
import { ScrollRegion } from "./scroll-region";

interface TableProps {
  /** Says what the table contains. It is read aloud but not shown. */
  readonly caption: string;
  readonly headings: readonly string[];
  /** The last column is prose, and its heading stands over the beginning of the text. */
  readonly endsInText?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Figures in rows: the first column names the row, the others are right-aligned. On a phone it scrolls sideways. */
export function Table({ caption, headings, endsInText = false, className, children }: TableProps) {
  return (
    <ScrollRegion label={caption} className="-mx-1 overflow-x-auto px-1">
      <table className={classNames("w-full border-collapse text-sm", className)}>
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {headings.map((heading, index) => (
              <th
                key={heading}
                scope="col"
                className={classNames(
                  "border-line border-b px-1 py-1.5 align-bottom font-normal text-ink-3 sm:px-2 sm:whitespace-nowrap",
                  index === 0 || (endsInText && index === headings.length - 1) ? "text-left" : "text-right",
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
      className={classNames(
        "border-line border-b px-1 py-1.5 text-left font-normal whitespace-nowrap sm:px-2",
        className,
      )}
    />
  );
}

export function Cell({ className, ...rest }: ComponentProps<"td">) {
  return (
    <td
      {...rest}
      className={classNames("border-line border-b px-1 py-1.5 text-right whitespace-nowrap sm:px-2", className)}
    />
  );
}

/** A cell of prose: it wraps and is left-aligned. */
export function TextCell({ className, ...rest }: ComponentProps<"td">) {
  return <td {...rest} className={classNames("border-line border-b px-1 py-1.5 text-ink-2 sm:px-2", className)} />;
}
