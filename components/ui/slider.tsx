"use client";
import type { CSSProperties } from "react";

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value as it is read aloud, with its unit: "16,384 tokens". */
  readonly valueText: (value: number) => string;
  readonly onChange: (value: number) => void;
  /** A value to mark on the track, such as a model's own maximum. */
  readonly mark?: number | undefined;
}

/** The browser's own range input, drawn by `.slider` in globals.css. Every movement is reported at once. */
export function Slider({ label, value, min, max, step, valueText, onChange, mark }: SliderProps) {
  const inRange = Math.min(Math.max(value, min), max);
  const fraction = (of: number) => (max > min ? (of - min) / (max - min) : 0);
  const fill: CSSProperties & { "--fill": string } = { "--fill": `${fraction(inRange) * 100}%` };
  return (
    <div className="relative h-6">
      {mark !== undefined && <SliderMark fraction={fraction(mark)} />}
      <input
        type="range"
        className="slider"
        aria-label={label}
        aria-valuetext={valueText(inRange)}
        {...{ min, max, step }}
        value={inRange}
        style={fill}
        onChange={event => onChange(event.target.valueAsNumber)}
      />
    </div>
  );
}

function SliderMark({ fraction }: { readonly fraction: number }) {
  if (fraction < 0 || fraction > 1) return null;
  return (
    <svg
      aria-hidden="true"
      className="pointer-events-none absolute inset-y-0 left-[9px] h-6 w-[calc(100%-18px)] overflow-visible"
    >
      <rect x={`${fraction * 100}%`} y="5" width="2" height="14" transform="translate(-1 0)" fill="var(--ink-3)" />
    </svg>
  );
}
