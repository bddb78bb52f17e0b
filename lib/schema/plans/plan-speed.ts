import * as z from "zod/mini";

/** Tokens a second: the truth lies between these in four of five cases. */
export const speedRangeSchema = z.object({ low: z.number().check(z.minimum(0)), high: z.number().check(z.minimum(0)) });
export type SpeedRange = z.infer<typeof speedRangeSchema>;

/**
 * How fast a plan answers.
 * `measured`: past loads on this computer say most of it. `known`: the maker's figures of the card, or the measured speed of system memory.
 * `guessed`: the card is in no table, and the size of its memory is all that is known.
 */
export const planSpeedSchema = z.object({
  /** Writing the answer with an empty context, and with a full one. */
  decodeEmpty: speedRangeSchema,
  decodeFull: speedRangeSchema,
  /** Reading a prompt of 512 tokens. */
  prefill: speedRangeSchema,
  basis: z.enum(["measured", "known", "guessed"]),
});
export type PlanSpeed = z.infer<typeof planSpeedSchema>;

const perSecond = z.number().check(z.positive());

/** Seconds of a token by what takes them: a path such as "cpu/weights/Q4_K/dense/model". */
export const speedPartsSchema = z.record(z.string(), z.number());
export type SpeedParts = z.infer<typeof speedPartsSchema>;

/** What one past load says: its parts, and how much faster it was than their sum. */
export const speedEvidenceSchema = z.object({ parts: speedPartsSchema, ratio: perSecond });
export type SpeedEvidence = z.infer<typeof speedEvidenceSchema>;

/** What the speed of a plan depends on, besides the plan and the card. The browser predicts with it while a slider moves. */
export const machineSpeedSchema = z.object({
  /** Bytes that the processor reads from memory in a second. */
  ramBytesPerSecond: perSecond,
  threads: z.int().check(z.minimum(1)),
  /** The widest arithmetic of the processor that llama.cpp uses; left out if it is not known. */
  vectors: z.optional(z.enum(["avx512", "avx2"])),
  /** Past loads, newest first. */
  decode: z.array(speedEvidenceSchema),
  prefill: z.array(speedEvidenceSchema),
});
export type MachineSpeed = z.infer<typeof machineSpeedSchema>;
