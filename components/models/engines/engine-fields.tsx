import { Field, FieldInput } from "@/components/ui/field";

export interface EngineDraft {
  readonly address: string;
  readonly name: string;
  readonly key: string;
  readonly context: string;
}

/** Only the fields that were filled in. */
export const inputOf = ({ name, key, context }: Omit<EngineDraft, "address">) => ({
  ...(name.trim() !== "" && { name: name.trim() }),
  ...(key.trim() !== "" && { key: key.trim() }),
  ...(/\d/.test(context) && { contextTokens: Number(context.replaceAll(/\D/g, "")) }),
});

interface EngineFieldsProps {
  readonly draft: EngineDraft;
  readonly keyHelp: string;
  /** Why the context size is asked for; without it, the field says that it may stay empty. */
  readonly contextError: string | null;
  onChange(draft: EngineDraft): void;
}

/** What can be said of an engine beside its address. */
export function EngineFields({ draft, keyHelp, contextError, onChange }: EngineFieldsProps) {
  const field = (name: keyof EngineDraft) => ({
    autoComplete: "off",
    spellCheck: false,
    value: draft[name],
    onChange: (event: { target: { value: string } }) => onChange({ ...draft, [name]: event.target.value }),
  });
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <Field label="Name" help="As it is shown; its address otherwise.">
        <FieldInput {...field("name")} maxLength={60} />
      </Field>
      <Field label="Key" help={keyHelp}>
        <FieldInput {...field("key")} type="password" autoComplete="new-password" />
      </Field>
      <Field label="Context size in tokens" help="For models whose server does not say it." error={contextError}>
        <FieldInput {...field("context")} inputMode="numeric" />
      </Field>
    </div>
  );
}
