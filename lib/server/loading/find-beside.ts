import { basename } from "node:path";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { mostPictureTokens, pictureReaderMemory } from "@/lib/plan/memory/picture-reader-memory";
import { AUTO_MOST_SEQUENCES } from "@/lib/plan/placement/sequences";
import type { BesideFiles } from "@/lib/plan/words/llama-server-flags";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import type { Settings } from "@/lib/schema/settings/settings";
import { chooseDraftModel, type Library, type ProfiledModel } from "@/lib/server/models/library/find-draft-model";
import { findPictureReader } from "@/lib/server/models/library/find-picture-reader";

/** The files beside a model, and what they take. */
export interface Beside {
  readonly files: BesideFiles;
  readonly onCard: readonly BesideModel[];
  readonly inRam: readonly BesideModel[];
  /** Why the draft model that the settings name cannot be used. */
  readonly problem?: string;
}

export const NOTHING_BESIDE: Beside = { files: {}, onCard: [], inRam: [] };

type BesideSettings = Pick<
  Settings,
  "MODEL" | "N_CTX" | "DRAFT_MODEL" | "SPECULATION" | "PARALLEL" | "N_BATCH" | "FLASH_ATTENTION"
>;

/**
 * What llama-server loads beside this model, with its bytes. A model that cannot be read has nothing.
 *
 * @param hasCard without a card, all of it is in system memory. Asked only if there is something: it may start the engine
 */
export async function findBeside(
  settings: BesideSettings,
  models: Library,
  hasCard: () => Promise<boolean>,
): Promise<Beside> {
  try {
    const path = await models.resolveModel(settings.MODEL);
    const model = { path, profile: await models.readProfile(path) };
    const [pictures, draft] = await Promise.all([
      picturesBeside(model, settings, hasCard),
      draftBeside(model, settings, models, hasCard),
    ]);
    return {
      files: { ...pictures.files, ...draft.files },
      onCard: [...pictures.onCard, ...draft.onCard],
      inRam: [...pictures.inRam, ...draft.inRam],
      ...(draft.problem !== undefined && { problem: draft.problem }),
    };
  } catch {
    return NOTHING_BESIDE;
  }
}

async function picturesBeside(
  { path, profile }: ProfiledModel,
  { N_CTX }: BesideSettings,
  hasCard: () => Promise<boolean>,
): Promise<Beside> {
  const pictures = await findPictureReader(path, profile.embeddingLength);
  if (pictures === null) return NOTHING_BESIDE;
  const { weightsBytes, computeBytes } = pictureReaderMemory(pictures.reader, mostPictureTokens(N_CTX));
  const reader = { kind: "pictures", name: basename(pictures.path), bytes: weightsBytes + computeBytes } as const;
  const files = { picturesPath: pictures.path };
  return (await hasCard()) ? { files, onCard: [reader], inRam: [] } : { files, onCard: [], inRam: [reader] };
}

async function draftBeside(
  model: ProfiledModel,
  settings: BesideSettings,
  models: Library,
  hasCard: () => Promise<boolean>,
): Promise<Beside> {
  const chosen = await chooseDraftModel(model, settings, models);
  if (chosen.kind === "found") return besideWithDraft(chosen.draft, settings, await hasCard());
  return chosen.kind === "none" ? NOTHING_BESIDE : { ...NOTHING_BESIDE, problem: chosen.problem };
}

/**
 * If there is a card, all of a draft model is on it, with a context as long as the model's for each answer at once, in f16.
 *
 * @see llama.cpp common/speculative.cpp common_base_params_to_speculative
 */
function besideWithDraft({ path, profile }: ProfiledModel, settings: BesideSettings, isOnCard: boolean): Beside {
  const { N_CTX, PARALLEL, N_BATCH, FLASH_ATTENTION } = settings;
  const sequences = PARALLEL === "auto" ? AUTO_MOST_SEQUENCES : PARALLEL;
  const surface = headerSurface(profile, { batchTokens: N_BATCH, sequences, flashAttention: FLASH_ATTENTION });
  const gpuLayers = isOnCard ? profile.blocks + 1 : 0;
  const { gpu, ram } = memoryNeed(surface, { gpuLayers, contextTokens: N_CTX, kvType: "f16" });
  const part = (bytes: number): BesideModel[] => (bytes === 0 ? [] : [{ kind: "draft", name: basename(path), bytes }]);
  return { files: { draftPath: path }, onCard: part(gpu.totalBytes), inRam: part(ram.totalBytes) };
}
