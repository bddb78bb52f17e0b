import { type FormEvent, useState } from "react";
import { errorText } from "@/lib/client/api-request";

interface Form {
  /** Why the last work failed, until something is typed. */
  readonly error: string | null;
  readonly isBusy: boolean;
  /** For a button that does something else with the fields. */
  run(work: () => Promise<unknown>): Promise<void>;
  /** For the form element. */
  readonly handlers: { onSubmit(event: FormEvent): void; onInput(): void };
}

/** A form that does this work when it is sent. */
export function useForm(work: () => Promise<unknown>): Form {
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (task: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    await task().catch(failure => setError(errorText(failure)));
    setBusy(false);
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void run(work);
  };
  return { error, isBusy, run, handlers: { onSubmit, onInput: () => setError(null) } };
}
