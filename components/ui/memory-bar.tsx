import { useId } from "react";

export interface MemoryBarPart {
  readonly name: string;
  readonly bytes: number;
  /** A CSS colour; "hatched" for memory of other programs. */
  readonly fill: string;
}

interface MemoryBarProps {
  readonly parts: readonly MemoryBarPart[];
  readonly totalBytes: number;
  readonly label: string;
  /** The whole state in words: role=meter has one number, this says the rest. */
  readonly valueText: string;
  readonly className?: string;
}

/**
 * A bar of memory parts, role=meter. Pure SVG geometry and no inline style, so a server-rendered one passes a CSP
 * without unsafe-inline.
 */
export function MemoryBar({ parts, totalBytes, label, valueText, className }: MemoryBarProps) {
  const hatchId = useId();
  const usedBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const percent = (bytes: number) => `${totalBytes > 0 ? (bytes / totalBytes) * 100 : 0}%`;
  let startBytes = 0;
  return (
    // biome-ignore lint/a11y/useSemanticElements: <meter> shows one value and cannot be drawn in parts.
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={totalBytes}
      aria-valuenow={Math.min(usedBytes, totalBytes)}
      aria-valuetext={valueText}
      className={className}
    >
      <svg aria-hidden="true" className="block size-full overflow-hidden rounded-[inherit]">
        <defs>
          <pattern id={hatchId} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2.5" height="6" fill="var(--others)" />
          </pattern>
        </defs>
        {parts.map(part => {
          const x = percent(startBytes);
          startBytes += part.bytes;
          const fill = part.fill === "hatched" ? `url(#${hatchId})` : part.fill;
          return (
            <rect
              key={part.name}
              x={x}
              width={percent(part.bytes)}
              height="100%"
              fill={fill}
              stroke="var(--sunken)"
              strokeWidth={part.bytes > 0 ? 1 : 0}
            />
          );
        })}
      </svg>
    </div>
  );
}
