import * as z from "zod/mini";
import { gpuMemorySchema } from "./plans/gpu-memory";
import { borderExpertsSchema } from "./plans/load-config";
import { planSpeedSchema, speedRangeSchema } from "./plans/plan-speed";
import { memoryPartsSchema } from "./plans/receipt";
import { planSettingsSchema, settingsPatchSchema } from "./settings/settings";

const bytes = z.int().check(z.minimum(0));

/** The simple formula of the first version, for comparison. */
const simplePlanSchema = z.object({
  layers: z.int(),
  totalLayers: z.int(),
  weightsPerLayerBytes: z.number(),
  kvPerLayerBytes: z.number(),
  perLayerBytes: z.number(),
  budgetBytes: z.number(),
  usageBytes: z.number(),
  usageShare: z.number(),
  proseLayers: z.int(),
});

/** What it takes to answer many people at once with the whole model on cards like this one. */
const usersPlanSchema = z.object({
  users: z.int(),
  weightsBytes: bytes,
  kvBytesPerUser: bytes,
  computeBytesPerCard: bytes,
  /** Of one card, below the target and after reserve and compute buffer. */
  usableBytesPerCard: bytes,
  /** 0 when the model itself does not fit on one card. */
  usersOnOneCard: z.int(),
  /** For the model and one user; null when the compute buffer alone fills a card. */
  cardsForTheModel: z.nullable(z.int()),
  cardsForAllUsers: z.nullable(z.int()),
});
export type UsersPlan = z.infer<typeof usersPlanSchema>;

/** The result of one change. */
const alternativeSchema = z.object({
  label: z.string(),
  patch: z.nullable(z.partial(planSettingsSchema)),
  closesOthers: z.optional(z.literal(true)),
  gpuLayers: z.int(),
  expertBlocksInRam: z.int(),
  borderExpertsOnGpu: z.optional(borderExpertsSchema),
  gainLayers: z.int(),
  full: z.boolean(),
  /** Tokens a second with an empty context. */
  decode: z.nullable(speedRangeSchema),
});

/**
 * The plan as JSON for programs: `npm run plan -- --json` and /api/plan. Scripts rely on these names. Bytes are integers, `totalLayers`
 * counts the output layer, and the token embedding has index -1.
 */
export const planReportSchema = z.object({
  model: z.object({ name: z.string(), architecture: z.string(), blocks: z.int(), fileBytes: bytes }),
  gpu: z.nullable(
    z.pick(gpuMemorySchema, {
      name: true,
      backend: true,
      totalBytes: true,
      usedByOthersBytes: true,
      freeBytes: true,
      source: true,
    }),
  ),
  settings: planSettingsSchema,
  budgetBytes: z.int(),
  plan: z.object({
    kind: z.enum(["full", "partial", "cpu-only"]),
    gpuLayers: z.int(),
    /** The experts of this many blocks, from the first, are in system memory. */
    expertBlocksInRam: z.int(),
    /** In place of the last of these, another block that is divided, with the matrices that it has on the GPU: "gate+up of 47". */
    borderExpertsOnGpu: z.optional(borderExpertsSchema),
    /** The KV cache is in system memory although layers are on the GPU. */
    kvInRam: z.boolean(),
    /** The same for programs that place layers: which blocks each card has. `firstBlock` of a card with the output alone is the output's index. */
    placement: z.object({
      gpuLayers: z.int(),
      expertBlocksInRam: z.int(),
      cards: z.array(z.object({ device: z.string(), firstBlock: z.int(), blocks: z.int(), hasOutput: z.boolean() })),
      kvInRam: z.boolean(),
    }),
    /** What each card is predicted to hold; empty without a card. */
    perDevice: z.array(z.object({ device: z.string(), budgetBytes: z.int(), predicted: memoryPartsSchema })),
    /** Each of several cards that layers are shared over, in the engine's order; empty if there is one. */
    cards: z.array(
      z.object({
        position: z.int(),
        name: z.string(),
        layers: z.int(),
        budgetBytes: bytes,
        predicted: memoryPartsSchema,
      }),
    ),
    totalLayers: z.int(),
    contextTokens: z.int(),
    predicted: memoryPartsSchema,
    /** In system memory. */
    ram: memoryPartsSchema,
    /** Tokens a second; null if this computer's speed is not known. */
    speed: z.nullable(planSpeedSchema),
    computeSource: z.enum(["dry-run", "estimated"]),
    perLayer: z.array(
      z.object({
        index: z.int(),
        role: z.enum(["embedding", "block", "output"]),
        device: z.enum(["gpu", "cpu"]),
        weightsBytes: bytes,
        /** Experts of a layer on the GPU that are in system memory; part of `weightsBytes`. */
        expertBytesInRam: bytes,
        kvBytes: bytes,
        /** Index in `cards`. */
        card: z.optional(z.int()),
      }),
    ),
    why: z.string(),
    alternatives: z.readonly(z.array(alternativeSchema)),
    warnings: z.readonly(z.array(z.object({ code: z.string(), message: z.string() }))),
  }),
  simple: z.optional(simplePlanSchema),
  users: z.optional(usersPlanSchema),
});

const cardBytes = z.int().check(z.maximum(2 ** 43));
const cardSchema = z.strictObject({
  totalBytes: cardBytes.check(z.minimum(1)),
  usedBytes: z._default(cardBytes.check(z.minimum(0)), 0),
});

/** Settings to plan with instead of the present ones, and a card to use instead of this computer's; null means no card. */
export const planRequestSchema = z.strictObject({
  ...settingsPatchSchema.shape,
  gpu: z.optional(z.nullable(cardSchema)),
  simple: z.optional(z.boolean()),
});
