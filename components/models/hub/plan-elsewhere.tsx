"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Field, FieldInput } from "@/components/ui/field";
import { apiRequest, errorBody } from "@/lib/client/api-request";
import { dashboardAddress } from "@/lib/client/planned-model";
import { findElsewhere } from "@/lib/schema/api/models";
import type { RemoteFile } from "@/lib/schema/remote-models";
import { formatBytes } from "@/lib/units/bytes";

const HELP =
  "A repository or page of Hugging Face (owner/repo, owner/repo:Q4_K_M), or the address of a .gguf file. Only its header is read, some megabytes at most; no weights are downloaded.";

/** Shows whether a model is worth its download: its plan on this card, computed from its header alone. */
export function PlanElsewhere() {
  const router = useRouter();
  const [address, setAddress] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [repository, setRepository] = useState<{ name: string; files: readonly RemoteFile[] } | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
    setRepository(null);
    try {
      const answer = await apiRequest(findElsewhere, { query: { address: address.trim() } });
      if (answer.kind === "file") router.push(dashboardAddress(answer.source));
      else setRepository(answer);
    } catch (failure) {
      const { message, next } = errorBody(failure);
      setError(next === undefined ? message : `${message} ${next}`);
    } finally {
      setAsking(false);
    }
  };
  return (
    <form onSubmit={event => void submit(event)} className="card mt-3 flex flex-wrap items-start gap-3 p-4">
      <div className="min-w-0 flex-1 basis-72">
        <Field label="Would it fit? Plan a model before you download it" help={HELP} error={error}>
          <FieldInput
            name="source"
            required
            autoComplete="off"
            spellCheck={false}
            placeholder="owner/repo"
            value={address}
            onChange={event => {
              setAddress(event.target.value);
              setError(null);
            }}
          />
        </Field>
      </div>
      <Button type="submit" className="sm:mt-6" disabled={isAsking}>
        {isAsking ? "Looking…" : "See its plan"}
      </Button>
      {repository !== null && <RepositoryFiles {...repository} />}
    </form>
  );
}

interface RepositoryFilesProps {
  readonly name: string;
  readonly files: readonly RemoteFile[];
}

/** The files of a repository, smallest first. The user chooses which one to plan. */
function RepositoryFiles({ name, files }: RepositoryFilesProps) {
  return (
    <section aria-label={`Files of ${name}`} className="w-full border-line border-t pt-3">
      <p role="status" className="mb-1 text-ink-2 text-sm">
        {name} holds {files.length} models. Which one?
      </p>
      <ul className="max-h-96 divide-y divide-line overflow-y-auto">
        {files.map(file => (
          <li key={file.source} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-1.5">
            <span className="w-28 shrink-0 font-semibold text-sm">{file.quantization ?? "?"}</span>
            <span className="min-w-0 flex-1 basis-56 text-ink-2 text-sm break-words">{file.name}</span>
            <span className="w-20 shrink-0 text-right text-sm">{formatBytes(file.fileBytes)}</span>
            <Link
              href={dashboardAddress(file.source)}
              prefetch={false}
              className={buttonClass("plain", "sm")}
              aria-label={`See the plan of ${file.name}`}
            >
              See its plan
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
