import * as z from "zod/mini";

/** Speeds of one model with this many threads. */
export const threadSpeedSchema = z.object({
  threads: z.int().check(z.minimum(1)),
  prefillTokensPerSecond: z.number(),
  decodeTokensPerSecond: z.number(),
});
export type ThreadSpeed = z.infer<typeof threadSpeedSchema>;

/** What THREADS "auto" means for a model on this computer, and why, in a sentence for the diagnostics. */
export const threadChoiceSchema = z.object({
  threads: z.int().check(z.minimum(1)),
  source: z.enum(["measured", "cores"]),
  reason: z.string(),
  speeds: z.array(threadSpeedSchema),
});
export type ThreadChoice = z.infer<typeof threadChoiceSchema>;
