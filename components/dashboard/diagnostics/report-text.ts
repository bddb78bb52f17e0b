import type { Diagnostics } from "@/lib/schema/diagnostics";
import { diagnosticFacts } from "./diagnostic-facts";

/** The log's end is where the fault is; an issue tracker takes no novel. */
const LOG_LINES = 100;

/** Facts and last log lines as text, made to be sent to somebody. */
export function reportText(diagnostics: Diagnostics): string {
  const facts = diagnosticFacts(diagnostics).map(({ name, value }) => `${name}: ${value}`);
  const log = diagnostics.log
    .slice(-LOG_LINES)
    .map(({ atMs, level, text }) => `${new Date(atMs).toISOString()} ${level} ${text}`);
  return [...facts, "", "Log:", ...log, ""].join("\n");
}
