import type * as z from "zod/mini";
import { CURATED_LIST } from "@/lib/plan/curated-models";
import { largestContextOf, type PlannedCandidate, pickCandidates } from "@/lib/plan/pick-candidates";
import { type ModelPick, pickModels } from "@/lib/plan/pick-models";
import { ramNeed } from "@/lib/plan/plan-ram";
import { predictSpeed } from "@/lib/plan/predict-speed";
import { customCard, whatIfGpu } from "@/lib/plan/what-if-cards";
import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { ModelPickAnswer, ModelPicks, picksQuerySchema } from "@/lib/schema/model-picks";
import type { MachineSpeed } from "@/lib/schema/plan-speed";
import { type Settings, settingsSchema } from "@/lib/schema/settings";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";
import { readMemory } from "@/lib/server/system/read-memory";
import type { MachineSpeedMeter } from "./machine-speed";
import type { GpuSource, Planner } from "./planner";

interface PickServices {
  readonly planner: Pick<Planner, "planFor">;
  readonly settings: Pick<SettingsStore, "read">;
  readonly gpu: GpuSource;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
  /** What its process holds is free after a reload. */
  readonly engine: { readonly pid: number | null };
}

type PickWishes = z.infer<typeof picksQuerySchema>;

/** What the picks are planned with. */
interface PickRun {
  readonly gpu: GpuMemory | null;
  readonly settings: Settings;
  readonly machine: MachineSpeed;
}

async function gpuFor({ gpu }: PickServices, cardMib: number | undefined): Promise<GpuMemory | null> {
  if (cardMib === undefined) return (await gpu.read()).memory;
  return cardMib === 0 ? null : whatIfGpu(customCard(cardMib));
}

/**
 * Three models for this computer, from the curated list. The list's figures are enough for a plan that is about right; `hub: "check"`
 * reads the headers of the three from the hub, and only that: then their plans are what a load would get.
 */
export async function answerPicks(services: PickServices, wishes: PickWishes): Promise<ModelPicks> {
  const { cardMib, hub, ...changes } = wishes;
  const settings = settingsSchema.parse({ ...services.settings.read(), ...changes, LAYERS: "auto" });
  const gpu = await gpuFor(services, cardMib);
  const memory = readMemory(services.engine.pid);
  const speed = await services.machineSpeed.read(gpu?.name ?? null);
  const picks = pickModels(pickCandidates({ gpu, memory, useMmap: settings.USE_MMAP, speed }, settings));
  const run = { gpu, settings, machine: speed };
  const estimated = picks.map(pick => listedPick(pick, run));
  return {
    gpu,
    system: memory,
    contextTokens: settings.N_CTX,
    kvType: settings.KV_CACHE_QUANT,
    target: settings.TARGET_VRAM_USAGE,
    listDate: CURATED_LIST.date,
    picks:
      hub === "check" ? await Promise.all(estimated.map(pick => checkedPick(pick, services.planner, run))) : estimated,
  };
}

function planOf(
  candidate: Pick<PlannedCandidate, "plan" | "surface">,
  { gpu, settings, machine }: PickRun,
  isEstimate: boolean,
) {
  const { kind, gpuLayers, totalLayers, predicted, ram } = candidate.plan;
  return {
    plan: {
      kind,
      gpuLayers,
      totalLayers,
      gpuBytes: predicted.totalBytes,
      ramBytes: ram.totalBytes,
      ramNeed: ramNeed(candidate.plan, gpu, settings.USE_MMAP),
      isEstimate,
      speed: predictSpeed(candidate.surface, gpu, candidate.plan, machine),
    },
    memory: gpuLayers === 0 ? ram : predicted,
    largestContextTokens: largestContextOf(candidate, gpu, settings.TARGET_VRAM_USAGE),
  };
}

const reasons = {
  fastest: "The quickest answers of those that are not much worse than the best.",
  balanced: "The best of those that answer faster than people read.",
  "most-capable": "The best that this computer can run at a usable speed.",
} as const;

function listedPick({ label, candidate }: ModelPick<PlannedCandidate>, run: PickRun): ModelPickAnswer {
  const { curated, file, fileBytes } = candidate;
  return {
    label,
    name: curated.name,
    source: `hf:${curated.repository}/${file.file}`,
    quantization: file.quantization,
    fileBytes,
    licence: curated.licence,
    reason: reasons[label],
    ...planOf(candidate, run, true),
    from: "list",
    problem: null,
  };
}

/** The same with the plan of the file's own header; as it was, with the reason, where that cannot be read. */
async function checkedPick(
  pick: ModelPickAnswer,
  planner: PickServices["planner"],
  run: PickRun,
): Promise<ModelPickAnswer> {
  try {
    const outcome = await planner.planFor({ ...run.settings, MODEL: pick.source }, run.gpu);
    const isEstimate = outcome.plan.computeSource === "estimated";
    return { ...pick, ...planOf(outcome, run, isEstimate), fileBytes: outcome.surface.model.fileBytes, from: "header" };
  } catch (error) {
    return { ...pick, problem: errorAnswer(error).body };
  }
}
