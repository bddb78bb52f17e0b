import type { ModelProfile } from "@/lib/gguf/model-profile";
import type { GpuMemory, SystemMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { budgetBytes, overflowBytes } from "./budget";
import { type CuratedFile, type CuratedModel, curatedModels } from "./curated-models";
import { curatedProfile } from "./curated-profile";
import { headerSurface } from "./header-surface";
import { largestContext } from "./largest-context";
import type { LayerPlan } from "./layer-plan";
import type { PickCandidate } from "./pick-models";
import { planLayers } from "./plan-layers";
import { isRamShort, type RamNeed, ramNeed } from "./plan-ram";

/** The computer that is picked for. */
export interface PickComputer {
  readonly gpu: GpuMemory | null;
  readonly memory: SystemMemory;
  readonly useMmap: boolean;
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

const SEQUENCES = 1;

/** Usual figures, for an order among models on one computer: two channels of memory, and a card of the middle class. */
const RAM_BYTES_PER_SECOND = 30e9;
const GPU_BYTES_PER_SECOND = 300e9;
/** How far a speed without a measurement may be off. */
const UNMEASURED = { low: 0.65, high: 1.1 };

/** Share of a block's weights that one token reads: of the experts only those in use. */
function activeShare({ blocksProfile, experts, expertsUsed }: ModelProfile): number {
  const block = blocksProfile[0];
  if (block === undefined || experts === 0) return 1;
  const expertBytes = block.tensors.reduce((sum, { name, bytes }) => sum + (name.includes("_exps") ? bytes : 0), 0);
  return 1 - (expertBytes / Math.max(1, block.weightsBytes)) * (1 - expertsUsed / experts);
}

/** The bytes that a token reads on each device, divided by a usual bandwidth. */
function roughTokensPerSecond(profile: ModelProfile, { perLayer }: LayerPlan): number {
  const share = activeShare(profile);
  const seconds = perLayer.reduce((sum, { role, device, weightsBytes }) => {
    const bytes = role === "block" ? weightsBytes * share : role === "output" ? weightsBytes : 0;
    return sum + bytes / (device === "gpu" ? GPU_BYTES_PER_SECOND : RAM_BYTES_PER_SECOND);
  }, 0);
  return 1 / seconds;
}

export const speedRange = (tokensPerSecond: number) => ({
  low: tokensPerSecond * UNMEASURED.low,
  high: tokensPerSecond * UNMEASURED.high,
  measured: false,
});

function plannedCandidate(
  curated: CuratedModel,
  file: CuratedFile,
  { gpu, memory, useMmap }: PickComputer,
  settings: PlanSettings,
): PlannedCandidate {
  const profile = curatedProfile(curated, file);
  const { N_BATCH, FLASH_ATTENTION } = settings;
  const run = { batchTokens: N_BATCH, sequences: SEQUENCES, flashAttention: FLASH_ATTENTION };
  const surface = headerSurface(profile, run);
  const plan = planLayers(surface, gpu, settings);
  const need = ramNeed(plan, gpu, useMmap);
  const isWithinTraining = settings.N_CTX <= curated.trainContextTokens;
  const isWithinCard = gpu === null || overflowBytes(gpu, plan.predicted.totalBytes) === 0;
  return {
    model: curated.name,
    quality: curated.quality - (QUANTIZATION_COST[file.quantization] ?? 0),
    bits: (profile.fileBytes * 8) / profile.parameters,
    tokensPerSecond: roughTokensPerSecond(profile, plan),
    fits: isWithinTraining && isWithinCard && !isRamShort(need, memory),
    isOnGpu: plan.kind === "full",
    curated,
    file,
    fileBytes: profile.fileBytes,
    surface,
    plan,
    ramNeed: need,
  };
}

/** Every file of the list, planned for this computer without asking anyone. LAYERS is always the planner's choice. */
export function pickCandidates(computer: PickComputer, settings: PlanSettings): PlannedCandidate[] {
  const automatic: PlanSettings = { ...settings, LAYERS: "auto" };
  return curatedModels.flatMap(curated =>
    curated.files.map(file => plannedCandidate(curated, file, computer, automatic)),
  );
}

/** The largest context with as many layers on the card; on the CPU the trained one, which memory limits later. */
export function largestContextOf(
  { surface, plan }: Pick<PlannedCandidate, "surface" | "plan">,
  gpu: GpuMemory | null,
  target: number,
): number | null {
  if (gpu === null || plan.gpuLayers === 0) return null;
  const longest = Math.max(surface.model.trainContextTokens, plan.contextTokens);
  return largestContext(surface, plan.gpuLayers, plan.kvType, budgetBytes(gpu, target), longest);
}
