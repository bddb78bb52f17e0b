import { parentPort, workerData } from "node:worker_threads";
import { MIB } from "@/lib/units/bytes";
import { Pacer } from "./pacer";
import { transferPart } from "./part-transfer";
import { type FromTransfer, type SentTransfer, sendError, type ToTransfer } from "./sent-transfer";

/** The server is told what has come after this time, or after so many bytes: it notes and hashes what it knows of. */
const TELL_MS = 50;
const TELL_BYTES = 4 * MIB;

const { url, path, part, rules, pace, allowance: first }: SentTransfer = workerData;
let allowance = first;
const stop = new AbortController();
let untoldBytes = 0;
let telling: NodeJS.Timeout | null = null;

const send = (message: FromTransfer): void => parentPort?.postMessage(message);

function tell(): void {
  if (telling === null) return;
  clearTimeout(telling);
  telling = null;
  send({ type: "came", segments: part.segments, bytes: untoldBytes });
  untoldBytes = 0;
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
      untoldBytes += bytes;
      telling ??= setTimeout(tell, TELL_MS);
      if (untoldBytes >= TELL_BYTES) tell();
    },
  });
} catch (thrown) {
  error = thrown;
}
tell();
send({ type: "ended", error: error === null ? null : sendError(error) });
parentPort?.close();
