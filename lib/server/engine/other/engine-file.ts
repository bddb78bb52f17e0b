import * as z from "zod";
import { engineKindSchema } from "@/lib/schema/engines/answering-engine";
import { JsonFile, OWNER_ONLY } from "@/lib/server/system/json-file";

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
  readonly #file: JsonFile<typeof fileSchema>;

  constructor(path: string) {
    this.#file = new JsonFile(path, fileSchema, OWNER_ONLY);
  }

  /** None, where there is no file or it cannot be read: the own engine answers then. */
  read(): KeptEngines {
    return this.#file.read() ?? { engines: [], chosen: null, llamaServerPath: null };
  }

  /** @throws the file system's error; then nothing changed */
  write(kept: KeptEngines): void {
    this.#file.write(kept);
  }
}
