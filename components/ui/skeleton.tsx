import { classNames } from "./class-names";

/** A card that is still loading. It has the size of its later content, so that nothing jumps. */
export function Skeleton({ className }: { readonly className: string }) {
  return <div aria-hidden="true" className={classNames("card motion-safe:animate-pulse", className)} />;
}
