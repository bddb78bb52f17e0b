import { classNames } from "@/components/ui/class-names";

/** The small square beside a colour's name. `hatched` is memory of others, `none` is free. */
export function Swatch({ fill }: { readonly fill: string }) {
  return (
    <svg
      aria-hidden="true"
      width="11"
      height="11"
      className={classNames(
        "shrink-0 rounded-[3px]",
        fill === "hatched" && "hatched",
        (fill === "none" || fill === "hatched") && "shadow-[inset_0_0_0_1px_var(--line-strong)]",
      )}
    >
      {fill !== "hatched" && <rect width="11" height="11" fill={fill} />}
    </svg>
  );
}
