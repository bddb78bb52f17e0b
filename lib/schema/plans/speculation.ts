import * as z from "zod/mini";

/** Tokens that one step checks at most, beside the one that it computes anyway: as many as llama.cpp's own server takes. */
export const MOST_DRAFT_TOKENS = 16;

/** Speeds of a model with speculation, as ratios to those without, on this computer. */
export const speculationGainSchema = z.object({
  /** Of a text that repeats itself, where nearly every guess is right. */
  repeated: z.number(),
  /** Of a usual text, where most guesses are wrong. */
  usual: z.number(),
});
export type SpeculationGain = z.infer<typeof speculationGainSchema>;

/** Whether answers of the loaded model are speculated, and why, in a sentence. */
export const speculationChoiceSchema = z.object({ isUsed: z.boolean(), reason: z.string() });
export type SpeculationChoice = z.infer<typeof speculationChoiceSchema>;
