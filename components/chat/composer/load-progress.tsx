/** Drawn in SVG, so that it needs no inline style. */
export function LoadProgress({ percent }: { readonly percent: number }) {
  return (
    <div
      role="progressbar"
      aria-label="Loading the model"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      className="h-1.5 min-w-24 flex-1"
    >
      <svg aria-hidden="true" className="block size-full overflow-hidden rounded-full">
        <rect width="100%" height="100%" fill="var(--line)" />
        <rect width={`${percent}%`} height="100%" fill="var(--accent)" />
      </svg>
    </div>
  );
}
