"use client";
import { Switch as BaseSwitch } from "@base-ui/react/switch";

interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly describedBy?: string;
}

/** On or off, with immediate effect. The label names it for screen readers; show it beside the switch as well. */
export function Switch({ label, checked, onChange, describedBy }: SwitchProps) {
  return (
    <BaseSwitch.Root
      aria-label={label}
      aria-describedby={describedBy}
      checked={checked}
      onCheckedChange={onChange}
      className="flex h-6 w-10 shrink-0 cursor-pointer items-center rounded-full border border-line-strong bg-sunken p-[3px] transition-colors duration-100 data-checked:border-accent data-checked:bg-accent"
    >
      <BaseSwitch.Thumb className="size-4 rounded-full bg-line-strong transition-[translate] duration-100 data-checked:translate-x-4 data-checked:bg-accent-ink" />
    </BaseSwitch.Root>
  );
}
