interface ProgressBarProps {
  readonly label: string;
  /** 0 to 1. */
  readonly fraction: number;
}

/** Work under way, drawn with SVG geometry so that no inline style is needed. */
export function ProgressBar({ label, fraction }: ProgressBarProps) {
  const percent = Math.round(fraction * 100);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${percent} %`}
      className="h-2 overflow-hidden rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line-strong)]"
    >
      <svg aria-hidden="true" className="block size-full">
        <rect width={`${percent}%`} height="100%" fill="var(--accent)" />
      </svg>
    </div>
  );
}
