import * as z from "zod";
import { JsonFile } from "@/lib/server/system/json-file";
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
  readonly #file: JsonFile<typeof savedSchema>;
  #bytesPerSecond: number | null;
  /** Downloads go at this pace. */
  readonly pacer: Pacer;

  constructor({ path, isAnswering }: SpeedLimitOptions) {
    this.#file = new JsonFile(path, savedSchema);
    this.#bytesPerSecond = this.#file.read()?.bytesPerSecondLimit ?? null;
    this.pacer = new Pacer(() => ({ bytesPerSecond: this.#bytesPerSecond, isAnswering: isAnswering() }));
  }

  /** null for no limit. */
  get bytesPerSecond(): number | null {
    return this.#bytesPerSecond;
  }

  /** @throws the file system's error */
  set(bytesPerSecondLimit: number | null): void {
    this.#file.write({ bytesPerSecondLimit });
    this.#bytesPerSecond = bytesPerSecondLimit;
  }
}
