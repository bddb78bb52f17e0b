import type { ComponentProps } from "react";
import { classNames } from "./class-names";

const looks = {
  /** At most one in each view: the next thing to do. */
  primary:
    "border-transparent bg-accent text-accent-ink font-semibold hover:bg-accent-strong disabled:bg-sunken disabled:text-ink-3 disabled:border-line",
  plain: "border-line-strong bg-raised text-ink hover:bg-sunken disabled:text-ink-3 disabled:border-line",
  /** For toolbars and rows: no frame until the pointer is over it. */
  quiet: "border-transparent bg-transparent text-ink-2 hover:bg-sunken hover:text-ink disabled:text-ink-3",
  danger: "border-bad bg-raised text-bad hover:bg-bad-soft disabled:text-ink-3 disabled:border-line",
} as const;

const sizes = {
  sm: "min-h-7 px-2.5 py-0.5 text-sm gap-1.5",
  md: "min-h-8 px-3 py-1 text-base gap-2",
  /** Square, for a single icon; needs an aria-label. */
  icon: "size-8 justify-center p-0",
} as const;

export interface ButtonProps extends Omit<ComponentProps<"button">, "className"> {
  readonly look?: keyof typeof looks;
  readonly size?: keyof typeof sizes;
  readonly className?: string;
}

export const buttonClass = (look: keyof typeof looks = "plain", size: keyof typeof sizes = "md"): string =>
  classNames(
    "inline-flex items-center rounded-control border whitespace-nowrap transition-colors duration-100 select-none",
    looks[look],
    sizes[size],
  );

export function Button({ look = "plain", size = "md", className, ...rest }: ButtonProps) {
  return <button type="button" {...rest} className={classNames(buttonClass(look, size), className)} />;
}
