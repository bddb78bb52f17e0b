"use client";
import { Slider as BaseSlider } from "@base-ui/react/slider";

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value as it is spoken, with its unit: "16,384 tokens". */
  readonly valueText: (value: number) => string;
  readonly onChange: (value: number) => void;
  readonly largeStep?: number;
  /** A value to mark on the track, such as a model's own maximum. */
  readonly mark?: number | undefined;
}

/** A one-thumb slider. Every movement is reported at once; arrows step, Page Up and Page Down leap. */
export function Slider({ label, value, min, max, step, valueText, onChange, largeStep, mark }: SliderProps) {
  const inRange = Math.min(Math.max(value, min), max);
  return (
    <BaseSlider.Root
      value={inRange}
      min={min}
      max={max}
      step={step}
      largeStep={largeStep ?? step * 10}
      onValueChange={onChange}
      thumbAlignment="edge"
    >
      <BaseSlider.Control className="flex h-6 touch-none items-center select-none">
        <BaseSlider.Track className="relative h-1 w-full rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line-strong)]">
          <BaseSlider.Indicator className="rounded-full bg-accent" />
          {mark !== undefined && <SliderMark fraction={(mark - min) / (max - min)} />}
          <BaseSlider.Thumb
            aria-label={label}
            getAriaValueText={(_formatted, thumbValue) => valueText(thumbValue)}
            className="size-[18px] rounded-full border-2 border-accent bg-surface has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-offset-2 has-[:focus-visible]:outline-accent"
          />
        </BaseSlider.Track>
      </BaseSlider.Control>
    </BaseSlider.Root>
  );
}

function SliderMark({ fraction }: { readonly fraction: number }) {
  if (fraction < 0 || fraction > 1) return null;
  return (
    <svg aria-hidden="true" className="absolute -top-1 left-0 h-3 w-full overflow-visible">
      <rect x={`${fraction * 100}%`} width="2" height="12" fill="var(--ink-3)" />
    </svg>
  );
}
