import { Worker } from "node:worker_threads";
import { type FromTransfer, receiveError, sentTransfer, type ToTransfer } from "./sent-transfer";
import type { TransferOptions } from "./transfer-options";

/** How soon a new limit, or an answer that begins, slows the download down. */
const LOOK_MS = 100;

/**
 * `transferPart` in a thread of its own: it writes at once what it reads. While the disk is busy,
 * the server goes on.
 *
 * @param entryPath the bundle of transfer-thread.ts
 */
export const transferInThread =
  (entryPath: string) =>
  async (options: TransferOptions): Promise<void> => {
    const { part, limit, signal, onBytes } = options;
    signal.throwIfAborted();
    const thread = new Worker(entryPath, { workerData: sentTransfer(options) });
    const send = (message: ToTransfer): void => thread.postMessage(message);
    const stop = (): void => send({ type: "stop" });
    signal.addEventListener("abort", stop);
    let sent = limit.allowance();
    const timer = setInterval(() => {
      const allowance = limit.allowance();
      if (allowance.bytesPerSecond === sent.bytesPerSecond && allowance.isAnswering === sent.isAnswering) return;
      sent = allowance;
      send({ type: "allowance", allowance });
    }, LOOK_MS);
    try {
      const error = await untilEnded(thread, ({ segments, bytes }) => {
        part.segments = segments;
        onBytes(bytes);
      });
      signal.throwIfAborted();
      if (error !== null) throw error;
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      void thread.terminate();
    }
  };

const untilEnded = (thread: Worker, onCame: (message: Extract<FromTransfer, { type: "came" }>) => void) =>
  new Promise<Error | null>((resolve, reject) => {
    thread.on("message", (message: FromTransfer) => {
      if (message.type === "came") onCame(message);
      else resolve(message.error === null ? null : receiveError(message.error));
    });
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("The thread of the transfer ended early.")));
  });
