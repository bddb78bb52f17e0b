import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import type { GpuMemory, SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { planOverflowBytes } from "../cards/budget";
import type { LayerPlan } from "../cards/layer-plan";
import { headerSurface } from "../memory/header-surface";
import { largestContext } from "../placement/largest-context";
import { planLayers } from "../placement/plan-layers";
import { isRamShort, type RamNeed, ramNeed } from "../placement/plan-ram";
import { middleOf, predictDecode } from "../speed/predict-speed";
import { type CuratedFile, type CuratedModel, curatedModels } from "./curated-models";
import { curatedProfile } from "./curated-profile";
import type { PickCandidate } from "./pick-models";

/** The computer that is picked for. */
export interface PickComputer {
  readonly gpu: GpuMemory | null;
  readonly memory: SystemMemory;
  readonly useMmap: boolean;
  readonly speed: MachineSpeed;
}

export interface PlannedCandidate extends PickCandidate {
  readonly curated: CuratedModel;
  readonly file: CuratedFile;
  readonly fileBytes: number;
  readonly surface: MemorySurface;
  readonly plan: LayerPlan;
  readonly ramNeed: RamNeed;
}

/** Quality points that a quantization costs. A judgement: people call 4 bits and more nearly lossless, and 3 bits not. */
const QUANTIZATION_COST: Readonly<Record<string, number>> = { Q3_K_M: 6 };

interface PlannedPick {
  readonly surface: MemorySurface;
  readonly plan: LayerPlan;
}

/** How good and how fast a file of the list is here, by a plan of the list's figures or of the file's own header. */
export function judgeCandidate(
  { curated, file }: Pick<PlannedCandidate, "curated" | "file">,
  { surface, plan }: PlannedPick,
  { gpu, memory, useMmap, speed: machine }: PickComputer,
): PlannedCandidate {
  const { fileBytes, trainContextTokens } = surface.model;
  const need = ramNeed(plan, gpu, useMmap);
  const isWithinTraining = plan.contextTokens <= trainContextTokens;
  const isWithinCard = gpu === null || planOverflowBytes(gpu, plan) === 0;
  return {
    model: curated.name,
    quality: curated.quality - (QUANTIZATION_COST[file.quantization] ?? 0),
    bits: (fileBytes * 8) / (curated.billions.all * 1e9),
    tokensPerSecond: middleOf(predictDecode(surface, gpu, plan, machine)),
    fits: isWithinTraining && isWithinCard && !isRamShort(need, memory),
    isOnGpu: plan.kind === "full",
    curated,
    file,
    fileBytes,
    surface,
    plan,
    ramNeed: need,
  };
}

interface ListedFile {
  readonly curated: CuratedModel;
  readonly file: CuratedFile;
  readonly profile: ModelProfile;
}

let listed: readonly ListedFile[] | null = null;

/** The list does not change. */
function listedFiles(): readonly ListedFile[] {
  listed ??= curatedModels.flatMap(curated =>
    curated.files.map(file => ({ curated, file, profile: curatedProfile(curated, file) })),
  );
  return listed;
}

/** Every file of the list, planned for this computer without asking anyone. LAYERS is always the planner's choice. */
export function pickCandidates(computer: PickComputer, settings: PlanSettings): PlannedCandidate[] {
  const { N_BATCH, FLASH_ATTENTION } = settings;
  const run = { batchTokens: N_BATCH, sequences: 1, flashAttention: FLASH_ATTENTION };
  return listedFiles().map(({ profile, ...candidate }) => {
    const surface = headerSurface(profile, run);
    const plan = planLayers(surface, computer.gpu, { ...settings, LAYERS: "auto" });
    return judgeCandidate(candidate, { surface, plan }, computer);
  });
}

/** The largest context with as many layers on the card; on the CPU the trained one, which memory limits later. */
export function largestContextOf(
  { surface, plan }: Pick<PlannedCandidate, "surface" | "plan">,
  gpu: GpuMemory | null,
  settings: PlanSettings,
): number | null {
  if (gpu === null || plan.gpuLayers === 0) return null;
  const longest = Math.max(surface.model.trainContextTokens, plan.contextTokens);
  return largestContext(surface, gpu, { ...settings, KV_CACHE_QUANT: plan.kvType }, plan, longest);
}
