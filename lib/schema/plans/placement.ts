import * as z from "zod/mini";

const bytes = z.int().check(z.minimum(0));

/** A graphics card as llama.cpp counts it. */
const placementCardSchema = z.object({
  /** llama.cpp's own name, such as "CUDA0". */
  device: z.string(),
  name: z.string(),
  /** PCI address such as "0000:c1:00.0", to find the same card in other readings; null if the driver does not tell it. */
  address: z.nullable(z.string()),
  isIntegrated: z.boolean(),
  totalBytes: bytes,
});
export type PlacementCard = z.infer<typeof placementCardSchema>;

/**
 * Whether this engine can keep experts or the KV cache in system memory and choose how several cards share the layers. That takes the
 * addon in native/placement. Without it, whole layers are placed and llama.cpp splits them over all cards.
 */
export const placementLeverSchema = z.discriminatedUnion("kind", [
  /** The order of the cards is that of `tensorSplit` in a load's configuration. */
  z.object({ kind: z.literal("ready"), cards: z.array(placementCardSchema) }),
  /** The reason is a sentence for people. */
  z.object({ kind: z.literal("missing"), reason: z.string() }),
]);
export type PlacementLever = z.infer<typeof placementLeverSchema>;

/** Memory of one configuration on one device, predicted by a dry run or allocated by a load. Device null is system memory. */
export const deviceBuffersSchema = z.object({
  device: z.nullable(z.string()),
  weightsBytes: bytes,
  /** KV cache and recurrent state. */
  kvBytes: bytes,
  computeBytes: bytes,
});
export type DeviceBuffers = z.infer<typeof deviceBuffersSchema>;
