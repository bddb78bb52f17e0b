/** How much of a download is here. Beside it stands the same in words. */
export function ProgressBar({ percent }: { readonly percent: number | null }) {
  return (
    <span className="block h-1.5 overflow-hidden rounded-full bg-sunken">
      <span className="block h-full bg-accent" style={{ width: `${percent ?? 0}%` }} />
    </span>
  );
}
