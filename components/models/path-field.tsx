import { Field, FieldInput } from "@/components/ui/field";

interface PathFieldProps {
  readonly label: string;
  readonly help?: string;
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  readonly value: string;
  readonly error: string | null;
  onChange(value: string): void;
}

/** A path, file name or address, which nothing completes or corrects. */
export function PathField({ label, help, error, onChange, ...input }: PathFieldProps) {
  return (
    <Field label={label} {...(help !== undefined && { help })} error={error}>
      <FieldInput
        required
        autoComplete="off"
        spellCheck={false}
        {...input}
        onChange={event => onChange(event.target.value)}
      />
    </Field>
  );
}
