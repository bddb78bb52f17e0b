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
  /** The value of the whole width, if several bars share a scale. Otherwise all of the memory, or all parts if they are more. */
  readonly scaleBytes?: number;
  readonly label: string;
  /** The whole state in words: role=meter has only one number, and this gives the rest. */
  readonly valueText: string;
  readonly className?: string;
}

/**
 * A bar of memory parts, role=meter. An excess over the memory is red, beyond the end. It is SVG geometry without inline styles, so a
 * server-rendered bar passes a CSP without unsafe-inline.
 */
export function MemoryBar({ parts, totalBytes, scaleBytes, label, valueText, className }: MemoryBarProps) {
  const hatchId = useId();
  const usedBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const widthBytes = scaleBytes ?? Math.max(totalBytes, usedBytes);
  const percent = (bytes: number) => `${widthBytes > 0 ? (bytes / widthBytes) * 100 : 0}%`;
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
        {usedBytes > totalBytes && (
          <g data-overfull="">
            <rect x={percent(totalBytes)} width={percent(usedBytes - totalBytes)} height="100%" fill="var(--bad)" />
            <line x1={percent(totalBytes)} x2={percent(totalBytes)} y2="100%" stroke="var(--surface)" strokeWidth="6" />
            <line x1={percent(totalBytes)} x2={percent(totalBytes)} y2="100%" stroke="var(--ink)" strokeWidth="2" />
          </g>
        )}
      </svg>
    </div>
  );
}
