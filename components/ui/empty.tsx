import type { ReactNode } from "react";

/** Shown where there is nothing to show yet; it says why. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return (
    <div className="grid min-h-28 place-items-center rounded-control border border-line border-dashed p-4 text-center text-ink-2 text-sm">
      <div>{children}</div>
    </div>
  );
}
