"use client";
import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";

export interface ChoiceOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** Not available here; the control around it says why. */
  readonly isDisabled?: boolean;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly ChoiceOption<Value>[];
  readonly onChange: (value: Value) => void;
  readonly describedBy?: string;
}

/** A segmented choice of two to four; a radio group for the keyboard and screen readers. */
export function Choice<Value extends string>({ label, value, options, onChange, describedBy }: ChoiceProps<Value>) {
  return (
    <RadioGroup
      aria-label={label}
      aria-describedby={describedBy}
      value={value}
      onValueChange={onChange}
      className="flex gap-0.5 rounded-control border border-line bg-sunken p-0.5"
    >
      {options.map(option => (
        <Radio.Root
          key={option.value}
          value={option.value}
          aria-label={option.label}
          disabled={option.isDisabled === true}
          className="flex min-h-7 flex-1 cursor-pointer items-center justify-center rounded-[6px] px-2 text-ink-2 text-sm select-none hover:text-ink data-checked:bg-raised data-checked:font-semibold data-checked:text-ink data-checked:shadow-[0_0_0_1px_var(--line)] data-disabled:cursor-not-allowed data-disabled:line-through"
        >
          {option.label}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
