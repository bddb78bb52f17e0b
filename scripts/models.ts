import { modelsCommand } from "@/lib/server/compose/models-command";

/** A line that is replaced needs a terminal; a file or a pipe gets none of them. */
const showsProgress = process.stderr.isTTY === true;
let hasLine = false;
const progress = (line: string | null): void => {
  if (!showsProgress || (line === null && !hasLine)) return;
  const width = (process.stderr.columns ?? 80) - 1;
  process.stderr.write(`\r\u001b[K${(line ?? "").slice(0, width)}`);
  hasLine = line !== null;
};

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

const exitCode = await modelsCommand({
  args: process.argv.slice(2),
  env: process.env,
  signal: stop.signal,
  out: text => console.log(text),
  complain: text => {
    progress(null);
    console.error(text);
  },
  progress,
});
process.exit(exitCode);
