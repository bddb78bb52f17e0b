import { parentPort, workerData } from "node:worker_threads";
import { MIB } from "@/lib/units/bytes";
import { Pacer } from "./pacer";
import { transferPart } from "./part-transfer";
import { type FromTransfer, type SentTransfer, sentError, type ToTransfer } from "./sent-transfer";

/** The server is told what has come after this time, or after so many bytes: it notes and hashes what it knows of. */
const REPORT_MS = 50;
const REPORT_BYTES = 4 * MIB;

const { url, path, part, rules, pace, allowance: first }: SentTransfer = workerData;
let allowance = first;
const stop = new AbortController();
let unreportedBytes = 0;
let waiting: NodeJS.Timeout | null = null;

const send = (message: FromTransfer): void => parentPort?.postMessage(message);

function report(): void {
  if (waiting === null) return;
  clearTimeout(waiting);
  waiting = null;
  send({ type: "came", segments: part.segments, bytes: unreportedBytes });
  unreportedBytes = 0;
}

parentPort?.on("message", (message: ToTransfer) => {
  if (message.type === "stop") stop.abort(new Error("The transfer was stopped."));
  else allowance = message.allowance;
});

let error: unknown = null;
try {
  await transferPart({
    url: new URL(url),
    path,
    part,
    rules,
    pace,
    limit: new Pacer(() => allowance),
    signal: stop.signal,
    onBytes: bytes => {
      unreportedBytes += bytes;
      waiting ??= setTimeout(report, REPORT_MS);
      if (unreportedBytes >= REPORT_BYTES) report();
    },
  });
} catch (thrown) {
  error = thrown;
}
report();
send({ type: "ended", error: error === null ? null : sentError(error) });
parentPort?.close();
