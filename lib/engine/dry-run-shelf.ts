import { DryRun } from "./dry-run";
import { fileMark } from "./file-mark";
import type { LlamaBackend } from "./llama-backend";

/** Each keeps a few models without weights or vocabulary: some hundred KiB. */
const KEPT = 4;

/** The dry runs of the models asked about last, so that the next question finds their headers read. */
export class DryRunShelf {
  readonly #kept = new Map<string, Promise<DryRun>>();

  constructor(private readonly backend: LlamaBackend) {}

  /** @throws JobError when there is no such file */
  async take(modelPath: string): Promise<DryRun> {
    const key = `${await fileMark(modelPath)} ${modelPath}`;
    const opening = this.#kept.get(key) ?? DryRun.open(this.backend, modelPath);
    // Taken out and put in again: the one not used for longest stands first.
    this.#kept.delete(key);
    this.#kept.set(key, opening);
    opening.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return opening;
  }
}
