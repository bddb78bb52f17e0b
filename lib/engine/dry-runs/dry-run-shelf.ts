import { keepLatest } from "@/lib/units/keep-latest";
import type { LlamaBackend } from "../backend/llama-backend";
import { DryRun } from "./dry-run";
import { fileMark } from "./file-mark";

/** Each entry keeps a few models without weights or vocabulary: a few hundred KiB. */
const KEPT = 4;

/** Keeps the dry runs of the most recent models, so that their headers need not be read again. */
export class DryRunShelf {
  readonly #kept = new Map<string, Promise<DryRun>>();

  constructor(private readonly backend: LlamaBackend) {}

  /** @throws JobError when there is no such file */
  async take(modelPath: string): Promise<DryRun> {
    const key = `${await fileMark(modelPath)} ${modelPath}`;
    const opening = this.#kept.get(key) ?? DryRun.open(this.backend, modelPath);
    keepLatest(this.#kept, key, opening, KEPT);
    opening.catch(() => this.#kept.delete(key));
    return opening;
  }
}
