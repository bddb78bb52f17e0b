import { classNames } from "./class-names";

/** A card that is still being read. Its size is that of what will stand there, so that nothing jumps. */
export function Skeleton({ className }: { readonly className: string }) {
  return <div aria-hidden="true" className={classNames("card motion-safe:animate-pulse", className)} />;
}
