import { chmodSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { engineKindSchema } from "@/lib/schema/answering-engine";
import { makeFolder } from "@/lib/server/system/make-folder";
import { replaceFile } from "@/lib/server/system/replace-file";

/** Only its owner may read a file with keys. */
const OWNER_ONLY = 0o600;

const keptEngineSchema = z.object({
  id: z.string(),
  name: z.string(),
  address: z.url(),
  key: z.string().nullable(),
  contextTokens: z.int().nullable(),
  /** As it was found last, for when the server is away. */
  kind: engineKindSchema,
});
export type KeptEngine = z.infer<typeof keptEngineSchema>;

const fileSchema = z.object({
  engines: z.array(keptEngineSchema),
  chosen: z
    .object({
      engineId: z.string(),
      model: z.string(),
      contextTokens: z.int(),
      takesPictures: z.boolean().default(false),
    })
    .nullable(),
  /** The program that was chosen by hand. */
  llamaServerPath: z.string().nullable().default(null),
});
export type KeptEngines = z.infer<typeof fileSchema>;

/** The engines that the user added, with their keys, in the data folder. */
export class EngineFile {
  constructor(private readonly path: string) {}

  /** None, where there is no file or it cannot be read: the own engine answers then. */
  read(): KeptEngines {
    try {
      return fileSchema.parse(JSON.parse(readFileSync(this.path, "utf8")));
    } catch {
      return { engines: [], chosen: null, llamaServerPath: null };
    }
  }

  /** @throws the file system's error; then nothing changed */
  write(kept: KeptEngines): void {
    makeFolder(dirname(this.path));
    replaceFile(this.path, `${JSON.stringify(kept, null, 2)}\n`, { mode: OWNER_ONLY });
    // A file that somebody made by hand may have had other rights, which a system may keep.
    chmodSync(this.path, OWNER_ONLY);
  }
}
