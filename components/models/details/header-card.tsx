"use client";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Empty } from "@/components/ui/empty";
import { inputClass } from "@/components/ui/field";
import { Problem } from "@/components/ui/problem";
import { ScrollRegion } from "@/components/ui/scroll-region";
import { useHeaderKeys } from "@/lib/client/models/model-details";
import type { MetadataKey } from "@/lib/schema/models/model-details";
import { formatTokens } from "@/lib/units/tokens";

/** What the server sends at once. */
const PAGE_KEYS = 100;

/** The keys of the file's header, a page at a time, with search. */
export function HeaderCard({ name }: { readonly name: string }) {
  const [words, setWords] = useState("");
  const [from, setFrom] = useState(0);
  const { data, error } = useHeaderKeys(name, useDeferredValue(words), from);
  const pages = data === null ? 1 : Math.ceil(data.matches / PAGE_KEYS);
  const page = from / PAGE_KEYS;
  return (
    <Card heading="Header" aside={data === null ? undefined : countWords(data.matches, data.total)}>
      <input
        type="search"
        aria-label="Search the header"
        placeholder="Search keys and values"
        maxLength={200}
        className={inputClass}
        value={words}
        onChange={event => {
          setWords(event.target.value);
          setFrom(0);
        }}
      />
      {error !== null && <Problem message={error.message} next={error.next} code={error.code} />}
      {data !== null && data.matches === 0 && (
        <div className="mt-3">
          <Empty>No key or value holds that.</Empty>
        </div>
      )}
      {data !== null && data.matches > 0 && (
        <ScrollRegion label="Keys of the header" className="mt-2 max-h-[28rem] overflow-auto">
          <dl className="divide-y divide-line">
            {data.keys.map((entry, index) => (
              // Shortened keys may be the same.
              // biome-ignore lint/suspicious/noArrayIndexKey: the order of a file's keys never changes.
              <HeaderKey key={from + index} entry={entry} />
            ))}
          </dl>
        </ScrollRegion>
      )}
      {pages > 1 && (
        <div className="mt-2 flex items-center gap-3 text-ink-2 text-sm">
          <Button size="sm" disabled={page === 0} onClick={() => setFrom(from - PAGE_KEYS)}>
            Back
          </Button>
          <span className="tabular-nums">
            {formatTokens(page + 1)} of {formatTokens(pages)}
          </span>
          <Button size="sm" disabled={page >= pages - 1} onClick={() => setFrom(from + PAGE_KEYS)}>
            More
          </Button>
        </div>
      )}
    </Card>
  );
}

const countWords = (matches: number, total: number): string =>
  matches === total ? `${formatTokens(total)} keys` : `${formatTokens(matches)} of ${formatTokens(total)} keys`;

function HeaderKey({ entry: { key, type, text, whole } }: { readonly entry: MetadataKey }) {
  return (
    <div className="grid gap-x-4 py-1.5 text-sm sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <dt className="font-mono text-xs/5 break-all" dir="ltr">
        {key} <span className="text-ink-3">{type}</span>
      </dt>
      <dd className="min-w-0 break-words" dir="ltr">
        {text}
        {whole !== null && (
          <span className="text-ink-3">
            {" "}
            {formatTokens(whole.count)} {whole.unit} in all
          </span>
        )}
      </dd>
    </div>
  );
}
