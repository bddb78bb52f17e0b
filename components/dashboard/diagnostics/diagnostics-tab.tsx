"use client";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/copy-button";
import { Empty } from "@/components/ui/empty";
import { diagnosticsStore, useDiagnostics } from "@/lib/client/diagnostics-store";
import type { Diagnostics } from "@/lib/schema/diagnostics";
import { diagnosticFacts } from "./diagnostic-facts";
import { EngineCommands } from "./engine-commands";
import { LogLines } from "./log-lines";

/** What runs here, why it is so, and what to send to a person who helps. */
export function DiagnosticsTab() {
  const { data, error } = useDiagnostics();
  if (error !== null) return <Empty>{error.message}</Empty>;
  if (data === null) return <Empty>Asking the computer…</Empty>;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap gap-2">
        <EngineCommands />
        <Button size="sm" onClick={() => void diagnosticsStore.refresh()}>
          Ask again
        </Button>
        <CopyButton label="Copy report" text={() => reportText(data)} />
      </div>
      <dl className="grid gap-x-4 gap-y-1.5 text-sm sm:grid-cols-[11rem_minmax(0,1fr)]">
        {diagnosticFacts(data).map(fact => (
          <div key={fact.name} className="contents">
            <dt className="text-ink-3">{fact.name}</dt>
            <dd className="min-w-0 break-words">{fact.value}</dd>
          </div>
        ))}
      </dl>
      <LogLines kept={data.log} />
    </div>
  );
}

/** The fault is at the log's end, and an issue tracker limits the length of a text. */
const LOG_LINES = 100;

/** Facts and the last log lines as text, to be sent to somebody. */
function reportText(diagnostics: Diagnostics): string {
  const facts = diagnosticFacts(diagnostics).map(({ name, value }) => `${name}: ${value}`);
  const log = diagnostics.log
    .slice(-LOG_LINES)
    .map(({ atMs, level, text }) => `${new Date(atMs).toISOString()} ${level} ${text}`);
  return [...facts, "", "Log:", ...log, ""].join("\n");
}
