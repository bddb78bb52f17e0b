import type { LoadConfig } from "@/lib/schema/plans/load-config";

/**
 * How a model's draft model is loaded: with a cache in f16 that is as long as the model's, for one answer. Beside other answers nothing is
 * drafted. Exactly this is confirmed by a dry run and loaded.
 */
export const draftConfigOf = (
  draft: NonNullable<LoadConfig["draft"]>,
  { contextTokens, batchTokens, flashAttention, threads, useMmap }: Omit<LoadConfig, "draft" | "modelPath">,
): LoadConfig => ({
  ...draft,
  contextTokens,
  batchTokens,
  sequences: 1,
  kvType: "f16",
  flashAttention,
  threads,
  useMmap,
});
