import { readFileSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { makeFolder } from "./make-folder";
import { systemCodeOf } from "./system-code";

/**
 * Records that are only ever added: one JSON object a line. Any other line (torn by a crash, written by a
 * later version) is skipped and stays in the file.
 */
export class JsonLinesFile<Schema extends z.core.$ZodType> {
  constructor(
    private readonly path: string,
    private readonly schema: Schema,
  ) {}

  /** The line break comes first, so that it ends a line that a crash has torn. */
  async append(record: z.output<Schema>): Promise<void> {
    makeFolder(dirname(this.path));
    await appendFile(this.path, `\n${JSON.stringify(record)}`);
  }

  /** Oldest first. Empty if there is no file yet. */
  async read(): Promise<z.output<Schema>[]> {
    return this.#parse(await readFile(this.path, "utf8").catch(nothingYet));
  }

  /** For a short file that is needed before anything else can continue. */
  readSync(): z.output<Schema>[] {
    try {
      return this.#parse(readFileSync(this.path, "utf8"));
    } catch (error) {
      return this.#parse(nothingYet(error));
    }
  }

  #parse(text: string): z.output<Schema>[] {
    return text.split("\n").flatMap(line => this.#parseLine(line));
  }

  #parseLine(line: string): z.output<Schema>[] {
    try {
      const record = z.safeParse(this.schema, JSON.parse(line));
      return record.success ? [record.data] : [];
    } catch {
      return [];
    }
  }
}

function nothingYet(error: unknown): string {
  if (systemCodeOf(error) === "ENOENT") return "";
  throw error;
}
