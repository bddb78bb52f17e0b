"use client";
import { Field as BaseField } from "@base-ui/react/field";
import type { ComponentProps, KeyboardEvent, ReactNode } from "react";
import { isComposing } from "@/lib/client/is-composing";

interface FieldProps {
  readonly label: string;
  readonly help?: string;
  readonly error?: string | null;
  readonly children: ReactNode;
}

export const inputClass =
  "w-full min-h-8 rounded-control border border-line-strong bg-sunken px-2.5 py-1 text-base text-ink placeholder:text-ink-3 focus-visible:outline-2 focus-visible:outline-accent focus-visible:outline-offset-0 aria-invalid:border-bad";

/** A labelled control with a line of help or an error under it. Put a `FieldInput` or `FieldTextArea` inside. */
export function Field({ label, help, error, children }: FieldProps) {
  return (
    <BaseField.Root invalid={error != null} className="flex flex-col gap-1">
      <BaseField.Label className="text-sm leading-5">{label}</BaseField.Label>
      {children}
      {error != null ? (
        <BaseField.Error match className="text-bad text-xs">
          {error}
        </BaseField.Error>
      ) : (
        help !== undefined && <BaseField.Description className="text-ink-3 text-xs">{help}</BaseField.Description>
      )}
    </BaseField.Root>
  );
}

/** An input method's Enter must not submit the form around the field. */
const keepComposingKeys = (event: KeyboardEvent): void => {
  if (event.key === "Enter" && isComposing(event)) event.preventDefault();
};

export function FieldInput(props: Omit<ComponentProps<typeof BaseField.Control>, "className">) {
  return <BaseField.Control dir="auto" onKeyDown={keepComposingKeys} {...props} className={inputClass} />;
}

export function FieldTextArea(props: Omit<ComponentProps<"textarea">, "className">) {
  return <BaseField.Control render={<textarea {...props} />} className={inputClass} />;
}
