"use client";
import { useId, useState } from "react";
import { formatWhen } from "@/components/dashboard/format-when";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Switch } from "@/components/ui/switch";
import { Cell, RowHead, Table } from "@/components/ui/table";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { apiRequest } from "@/lib/client/api-request";
import { keyStore, useApiKeys } from "@/lib/client/key-store";
import { requireApiKeys, revokeApiKey } from "@/lib/schema/api/api-keys";
import type { ApiKey } from "@/lib/schema/api-key";
import { formatTokens } from "@/lib/units/tokens";
import { KeyDialog } from "./key-dialog";

/** The keys with their limits and counts. */
export function KeysCard() {
  const { data, error } = useApiKeys();
  const [edited, setEdited] = useState<ApiKey | "new" | null>(null);
  const requireId = useId();
  const requireKeys = (areRequired: boolean) =>
    void reportFailure("This was not changed", async () => {
      await apiRequest(requireApiKeys, { body: { areRequired } });
      await keyStore.refresh();
    });
  return (
    <Card heading="Keys" aside="only a hash of each is kept">
      {error !== null && <p className="text-bad text-sm">{error.message}</p>}
      {data !== null && (
        <>
          {data.keys.length > 0 && <KeyTable keys={data.keys} edit={setEdited} />}
          <div className="mt-3 flex flex-wrap items-center gap-x-6 gap-y-3">
            <Button onClick={() => setEdited("new")}>New key</Button>
            <span className="flex items-center gap-2 text-sm">
              <Switch
                label="Ask for a key on this computer too"
                checked={data.areRequired}
                onChange={requireKeys}
                describedBy={requireId}
              />
              Ask for a key on this computer too
            </span>
          </div>
          <p id={requireId} className="mt-2 text-ink-2 text-sm">
            Programs on other computers always need one. A key opens the API, and neither chats nor settings.
          </p>
        </>
      )}
      {edited !== null && <KeyDialog edited={edited} close={() => setEdited(null)} />}
    </Card>
  );
}

const limitsOf = ({ requestsPerMinute, tokensPerDay }: ApiKey): string => {
  const limits = [
    ...(requestsPerMinute === null ? [] : [`${formatTokens(requestsPerMinute)} requests a minute`]),
    ...(tokensPerDay === null ? [] : [`${formatTokens(tokensPerDay)} tokens a day`]),
  ];
  return limits.length === 0 ? "none" : limits.join(", ");
};

function KeyTable({ keys, edit }: { readonly keys: readonly ApiKey[]; readonly edit: (key: ApiKey) => void }) {
  const revoke = ({ id, name }: ApiKey) =>
    void reportFailure(`The key "${name}" was not revoked`, async () => {
      await apiRequest(revokeApiKey, { params: { id } });
      await keyStore.refresh();
    });
  return (
    <Table caption="API keys" headings={["Name", "Begins", "Limits", "Requests", "Tokens", "Last used", ""]}>
      {keys.map(key => (
        <tr key={key.id}>
          <RowHead className="max-w-40 truncate" title={key.name}>
            {key.name}
          </RowHead>
          <Cell className="font-mono">{key.start}…</Cell>
          <Cell>{limitsOf(key)}</Cell>
          <Cell>{formatTokens(key.requests)}</Cell>
          <Cell>{formatTokens(key.promptTokens + key.generatedTokens)}</Cell>
          <Cell>{key.lastUsedAtMs === null ? "never" : formatWhen(key.lastUsedAtMs)}</Cell>
          <Cell>
            <span className="inline-flex gap-1">
              <Button size="sm" look="quiet" aria-label={`Change ${key.name}`} onClick={() => edit(key)}>
                Change
              </Button>
              <Button size="sm" look="quiet" aria-label={`Revoke ${key.name}`} onClick={() => revoke(key)}>
                Revoke
              </Button>
            </span>
          </Cell>
        </tr>
      ))}
    </Table>
  );
}
