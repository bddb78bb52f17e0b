import type { ReactNode } from "react";

interface ScrollRegionProps {
  readonly label: string;
  readonly className: string;
  readonly children: ReactNode;
}

/** A region that scrolls, so it must be reachable by keyboard and have a name. */
export function ScrollRegion({ label, className, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll.
    <section aria-label={label} tabIndex={0} className={className}>
      {children}
    </section>
  );
}
