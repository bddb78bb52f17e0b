import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names";

interface CardProps extends ComponentProps<"section"> {
  readonly heading: string;
  /** Small text at the right of the heading. */
  readonly aside?: ReactNode;
}

/** A titled panel: a landmark named by its heading. */
export function Card({ heading, aside, className, children, ...rest }: CardProps) {
  const headingId = useId();
  return (
    <section
      {...rest}
      aria-labelledby={headingId}
      className={classNames("card h-full min-w-0 p-4 sm:px-[18px]", className)}
    >
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id={headingId} className="font-semibold text-sm">
          {heading}
        </h2>
        {aside !== undefined && <div className="text-ink-3 text-xs">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
