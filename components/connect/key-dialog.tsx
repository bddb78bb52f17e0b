"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy-button";
import { Dialog } from "@/components/ui/dialog";
import { Field, FieldInput } from "@/components/ui/field";
import { useForm } from "@/components/ui/use-form";
import { apiRequest } from "@/lib/client/api-request";
import { keyStore } from "@/lib/client/key-store";
import { changeApiKey, makeApiKey } from "@/lib/schema/api/api-keys";
import type { ApiKey } from "@/lib/schema/api-key";

interface KeyDialogProps {
  readonly edited: ApiKey | "new";
  readonly close: () => void;
}

const textOf = (limit: number | null | undefined): string => (limit == null ? "" : String(limit));

/** Empty is no limit. @throws Error with a sentence for anything else that is no whole number */
function limitOf(text: string): number | null {
  const digits = text.replaceAll(",", "").trim();
  if (digits === "") return null;
  if (/^\d+$/.test(digits)) return Number(digits);
  throw new Error(`"${text}" is not a whole number.`);
}

/** Makes a key or changes one. A new secret is shown here once. */
export function KeyDialog({ edited, close }: KeyDialogProps) {
  const known = edited === "new" ? null : edited;
  const [name, setName] = useState(known?.name ?? "");
  const [perMinute, setPerMinute] = useState(textOf(known?.requestsPerMinute));
  const [perDay, setPerDay] = useState(textOf(known?.tokensPerDay));
  const [secret, setSecret] = useState<string | null>(null);
  const { error, handlers } = useForm(async () => {
    const body = { name, requestsPerMinute: limitOf(perMinute), tokensPerDay: limitOf(perDay) };
    if (known === null) setSecret((await apiRequest(makeApiKey, { body })).secret);
    else await apiRequest(changeApiKey, { params: { id: known.id }, body });
    await keyStore.refresh();
    if (known !== null) close();
  });
  return (
    <Dialog onClose={close} title={known === null ? "New key" : `Change ${known.name}`}>
      {secret === null ? (
        <form {...handlers} className="flex flex-col gap-3">
          <Field label="Name" help="Of the program or person that uses it." error={error}>
            <FieldInput required maxLength={60} value={name} onChange={event => setName(event.target.value)} />
          </Field>
          <Field label="Requests a minute" help="Empty for no limit.">
            <FieldInput inputMode="numeric" value={perMinute} onChange={event => setPerMinute(event.target.value)} />
          </Field>
          <Field
            label="Tokens a day"
            help="Prompts and answers together, from midnight to midnight UTC. Empty for no limit."
          >
            <FieldInput inputMode="numeric" value={perDay} onChange={event => setPerDay(event.target.value)} />
          </Field>
          <div className="flex justify-end gap-2">
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" look="primary">
              {known === null ? "Make key" : "Save"}
            </Button>
          </div>
        </form>
      ) : (
        <div className="flex flex-col gap-3">
          <p>This is the key. It is shown only now: Headroom keeps no copy.</p>
          <code className="break-all rounded-control border border-line bg-sunken p-3">{secret}</code>
          <div className="flex justify-end gap-2">
            <CopyButton label="Copy key" text={() => secret} />
            <Button look="primary" onClick={close}>
              Done
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
