"use client";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, FieldInput } from "@/components/ui/field";
import { dashboardAddress } from "@/lib/client/planned-model";
import { isRemoteSource } from "@/lib/schema/model-source";

const HELP =
  "hf:owner/repo/file.gguf, or the address of a .gguf file. Only its header is read, some megabytes at most; no weights are downloaded.";

/** Whether a model is worth its download: its plan on this card, from its header alone. */
export function PlanElsewhere() {
  const router = useRouter();
  const [source, setSource] = useState("");
  const [error, setError] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = source.trim();
    if (isRemoteSource(wanted)) router.push(dashboardAddress(wanted));
    else setError(`"${wanted}" is no address: it begins with hf: or https://`);
  };
  return (
    <form onSubmit={submit} className="card mt-3 flex flex-wrap items-start gap-3 p-4">
      <div className="min-w-0 flex-1 basis-72">
        <Field label="Would it fit? Plan a model before you download it" help={HELP} error={error}>
          <FieldInput
            name="source"
            required
            autoComplete="off"
            spellCheck={false}
            placeholder="hf:owner/repo/file.gguf"
            value={source}
            onChange={event => {
              setSource(event.target.value);
              setError(null);
            }}
          />
        </Field>
      </div>
      <Button type="submit" className="sm:mt-6">
        See its plan
      </Button>
    </form>
  );
}
