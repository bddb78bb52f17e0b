import { readFileSync } from "node:fs";
import * as z from "zod";
import { replaceFile } from "@/lib/server/system/replace-file";
import { Pacer } from "./pacer";

const savedSchema = z.object({ bytesPerSecondLimit: z.nullable(z.number().int().min(1)) });

interface SpeedLimitOptions {
  /** Where the limit is kept. */
  readonly path: string;
  /** Whether an answer is being generated. */
  readonly isAnswering: () => boolean;
}

/** The limit that a person has set, kept over a restart. */
export class SpeedLimit {
  readonly #path: string;
  #bytesPerSecond: number | null;
  /** Downloads go at this pace. */
  readonly pacer: Pacer;

  constructor({ path, isAnswering }: SpeedLimitOptions) {
    this.#path = path;
    this.#bytesPerSecond = readSaved(path);
    this.pacer = new Pacer(() => ({ bytesPerSecond: this.#bytesPerSecond, isAnswering: isAnswering() }));
  }

  /** null for no limit. */
  get bytesPerSecond(): number | null {
    return this.#bytesPerSecond;
  }

  /** @throws the file system's error */
  set(bytesPerSecondLimit: number | null): void {
    replaceFile(this.#path, JSON.stringify({ bytesPerSecondLimit }));
    this.#bytesPerSecond = bytesPerSecondLimit;
  }
}

function readSaved(path: string): number | null {
  try {
    return savedSchema.parse(JSON.parse(readFileSync(path, "utf8"))).bytesPerSecondLimit;
  } catch {
    return null;
  }
}
