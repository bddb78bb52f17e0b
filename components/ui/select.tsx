interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

/** One choice of many. It is the browser's own control: a wheel on a phone, and no script is needed. */
export function Select({ label, value, choices, onChange }: SelectProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={event => onChange(event.target.value)}
      className="min-h-8 w-full min-w-0 rounded-control border border-line-strong bg-raised px-2 text-sm"
    >
      {choices.map(choice => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}
