import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { layerKindSchema } from "../plans/memory-surface";
import { memoryPartsSchema } from "../plans/receipt";
import { settingRows, settingsPatchSchema } from "../settings/settings";
import { localModelSchema } from "./local-model";

const bytes = z.int().check(z.minimum(0));
const count = z.int().check(z.minimum(0));

/** One key of a header as it is shown. */
export const metadataKeySchema = z.object({
  key: z.string(),
  /** "string", "number", "bool", or of an array such as "u32[]". */
  type: z.string(),
  /** One line. Control characters are written as their code. */
  text: z.string(),
  /** Set where `text` holds only the start. */
  whole: z.nullable(z.object({ count, unit: z.enum(["characters", "values"]) })),
});
export type MetadataKey = z.infer<typeof metadataKeySchema>;

/** GET /api/models/header: the keys that hold the searched words, a part at a time. */
export const headerKeysSchema = z.object({
  keys: z.array(metadataKeySchema),
  /** All that match. */
  matches: count,
  total: count,
});

const tensorKindName = z.enum([
  "attention",
  "feed-forward",
  "experts",
  "router",
  "recurrent",
  "norm",
  "embedding",
  "output",
  "other",
]);
export type TensorKindName = z.infer<typeof tensorKindName>;

export const tensorKindSchema = z.object({
  kind: tensorKindName,
  tensors: count,
  bytes,
  types: z.array(z.object({ type: z.string(), tensors: count, bytes })),
});
export type TensorKind = z.infer<typeof tensorKindSchema>;

/** GET /api/models/details: what is known of one file of the library. */
export const modelDetailsSchema = z.object({
  model: localModelSchema,
  /** On this computer. */
  path: z.string(),
  /** Its name or the name of its first part, for each part. */
  fileNames: z.array(z.string()),
  header: z.nullable(
    z.object({
      ggufVersion: z.int(),
      bytes,
      keys: count,
      tensors: count,
      kinds: z.array(tensorKindSchema),
    }),
  ),
  /** Why there is no header. */
  headerProblem: z.nullable(errorBodySchema),
  /** `text` may be only the start. */
  chatTemplate: z.nullable(z.object({ text: z.string(), characters: count })),
  ownSettings: settingsPatchSchema,
});
export type ModelDetails = z.infer<typeof modelDetailsSchema>;

/** GET /api/models/layers: where each layer would go, and what it costs. */
export const modelLayersSchema = z.object({
  contextTokens: z.int(),
  kvType: settingRows.KV_CACHE_QUANT.schema,
  /** Without a card every layer is in system memory. */
  hasGpu: z.boolean(),
  gpuLayers: z.int(),
  totalLayers: z.int(),
  predicted: memoryPartsSchema,
  ram: memoryPartsSchema,
  perLayer: z.array(
    z.object({
      index: z.int(),
      role: z.enum(["embedding", "block", "output"]),
      kind: layerKindSchema,
      experts: z.int(),
      device: z.enum(["gpu", "cpu"]),
      weightsBytes: bytes,
      kvBytes: bytes,
      /** Of `weightsBytes`, experts that stay in system memory although the layer is on the card. */
      expertBytesInRam: bytes,
    }),
  ),
});
export type ModelLayers = z.infer<typeof modelLayersSchema>;

/** Where a published sha256 is known from: the download of this file, the hub as it is now, or the name that a program gave the file. */
const hashSource = z.enum(["download", "hub", "file-name"]);

/** The check of a file's content against the hash that was published for it. */
export const verificationSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("none") }),
  z.object({ state: z.literal("running"), hashedBytes: bytes, totalBytes: bytes }),
  z.object({ state: z.literal("failed"), error: errorBodySchema }),
  z.object({
    state: z.literal("done"),
    atMs: z.number(),
    verdict: z.enum(["matches", "differs", "unknown"]),
    source: z.nullable(hashSource),
    /** Of each part; of a split model several. */
    parts: z.array(z.object({ file: z.string(), sha256: z.string(), published: z.nullable(z.string()) })),
    /** Why the hub could not be asked. */
    hubProblem: z.nullable(z.string()),
    /** What the hub has under this name now, beside what was downloaded; null if that is not known. */
    hubNow: z.nullable(z.enum(["same", "other", "gone"])),
  }),
]);
export type Verification = z.infer<typeof verificationSchema>;
export type HashSource = z.infer<typeof hashSource>;
