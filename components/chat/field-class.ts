/** The look of a text field without a label. The labelled `Field` of components/ui needs its whole library. */
export const fieldClass =
  "w-full min-h-8 rounded-control border border-line-strong bg-sunken px-2.5 py-1 text-base text-ink placeholder:text-ink-3 focus-visible:outline-2 focus-visible:outline-accent focus-visible:outline-offset-0";
