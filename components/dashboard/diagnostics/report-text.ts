import type { Diagnostics } from "@/lib/schema/diagnostics";
import { diagnosticFacts } from "./diagnostic-facts";

/** The fault is at the log's end, and an issue tracker limits the length of a text. */
const LOG_LINES = 100;

/** Facts and the last log lines as text, to be sent to somebody. */
export function reportText(diagnostics: Diagnostics): string {
  const facts = diagnosticFacts(diagnostics).map(({ name, value }) => `${name}: ${value}`);
  const log = diagnostics.log
    .slice(-LOG_LINES)
    .map(({ atMs, level, text }) => `${new Date(atMs).toISOString()} ${level} ${text}`);
  return [...facts, "", "Log:", ...log, ""].join("\n");
}
