import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { errorReason } from "@/lib/schema/error-reason";
import type { FlashAttention } from "@/lib/schema/plans/kv-type";
import { type MemorySurface, memorySurfaceSchema } from "@/lib/schema/plans/memory-surface";
import type { FileIdentity } from "@/lib/server/models/library/gguf-file";
import { keepNewestFiles } from "@/lib/server/system/keep-newest-files";
import type { LogWriter } from "@/lib/server/system/log";
import { makeFolder } from "@/lib/server/system/make-folder";
import { parseJson } from "@/lib/server/system/parse-json";
import { replaceFile } from "@/lib/server/system/replace-file";

/** Everything that a surface depends on. If any of these values differs, the surface must be filled again. */
export interface SurfaceKey {
  readonly file: FileIdentity;
  readonly engineVersion: string;
  readonly device: string;
  readonly batchTokens: number;
  readonly sequences: number;
  readonly flashAttention: FlashAttention;
}

/** A surface has 20 to 200 KB. This many are enough for every model and setting in use. */
const MAX_KEPT_SURFACES = 200;

/** A surface, and the names of its dry runs that ended the engine: these are never made again. */
export interface KeptSurface {
  readonly surface: MemorySurface;
  readonly fatal: readonly string[];
}

const entrySchema = z.object({
  key: z.string(),
  surface: memorySurfaceSchema,
  fatal: z.array(z.string()).default([]),
});

export const surfaceKeyText = ({ file, engineVersion, device, batchTokens, sequences, flashAttention }: SurfaceKey) =>
  JSON.stringify([
    file.path,
    file.bytes,
    file.modifiedAtMs,
    engineVersion,
    device,
    batchTokens,
    sequences,
    flashAttention,
  ]);

/** Filled surfaces on disk. This is a cache: an unreadable surface is filled again, and a failed write only costs time later. */
export class SurfaceCache {
  constructor(
    private readonly folder: string,
    private readonly onLog: LogWriter,
  ) {}

  async read(key: SurfaceKey): Promise<KeptSurface | null> {
    const text = await readFile(this.#pathOf(key), "utf8").catch(() => null);
    if (text === null) return null;
    // A torn file is not valid JSON.
    const entry = entrySchema.safeParse(parseJson(text));
    return entry.success && entry.data.key === surfaceKeyText(key) ? entry.data : null;
  }

  async write(key: SurfaceKey, { surface, fatal }: KeptSurface): Promise<void> {
    try {
      makeFolder(this.folder);
      replaceFile(this.#pathOf(key), JSON.stringify({ key: surfaceKeyText(key), surface, fatal }));
      await keepNewestFiles(this.folder, MAX_KEPT_SURFACES);
    } catch (error) {
      this.onLog("warn", `memory surface not kept: ${errorReason(error)}`);
    }
  }

  #pathOf(key: SurfaceKey): string {
    return join(this.folder, `${createHash("sha256").update(surfaceKeyText(key)).digest("hex").slice(0, 32)}.json`);
  }
}
