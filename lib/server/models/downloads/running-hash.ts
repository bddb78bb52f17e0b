import { Worker } from "node:worker_threads";
import { MIB } from "@/lib/units/bytes";

/** A message for each written piece would be too many. */
const STEP_BYTES = 4 * MIB;

/**
 * Hashes as far as it was told, and answers with the digest at the end. On Linux a thread has its own priority: an answer that is being
 * generated goes first. Elsewhere it would be that of the whole process.
 */
const hashingWorker = `
const { parentPort, workerData } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const { openSync, readSync } = require("node:fs");
if (process.platform === "linux") require("node:os").setPriority(19);
const piece = Buffer.alloc(${MIB});
let file = null;
let hash = createHash("sha256");
let hashedBytes = 0;
parentPort.on("message", ({ bytes, isWhole }) => {
  file ??= openSync(workerData, "r");
  if (bytes < hashedBytes) {
    hash = createHash("sha256");
    hashedBytes = 0;
  }
  while (hashedBytes < bytes) {
    const read = readSync(file, piece, 0, Math.min(piece.length, bytes - hashedBytes), hashedBytes);
    if (read === 0) throw new Error("The file is shorter than it was said to be.");
    hash.update(piece.subarray(0, read));
    hashedBytes += read;
  }
  if (isWhole) parentPort.postMessage(hash.digest("hex"));
});
`;

/** sha256 of a file that is being written, in a thread of its own: little is left to do when its last byte has come. */
export class RunningHash {
  readonly #worker: Worker;
  readonly #answer: Promise<string>;
  #reportedBytes = 0;

  constructor(path: string) {
    this.#worker = new Worker(hashingWorker, { eval: true, workerData: path });
    this.#worker.unref();
    this.#answer = new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
      this.#worker.once("exit", () => reject(new Error(`The hash of ${path} was ended.`)));
    });
    // `digest` reports it; without one it does not matter.
    this.#answer.catch(() => {});
  }

  /** The file is written up to here. Fewer bytes than before: it was begun again. */
  upTo(bytes: number): void {
    if (bytes >= this.#reportedBytes && bytes - this.#reportedBytes < STEP_BYTES) return;
    this.#reportedBytes = bytes;
    this.#worker.postMessage({ bytes, isWhole: false });
  }

  /** In hex. @throws the file system's error, or the signal's reason */
  async digest(fileBytes: number, signal: AbortSignal): Promise<string> {
    const end = () => this.end();
    signal.addEventListener("abort", end, { once: true });
    this.#worker.postMessage({ bytes: fileBytes, isWhole: true });
    try {
      return await this.#answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  end(): void {
    void this.#worker.terminate();
  }
}
