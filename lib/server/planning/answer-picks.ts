import type * as z from "zod/mini";
import { largestContextInRam } from "@/lib/plan/advice/ram-remedies";
import { customCard, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import { CURATED_LIST } from "@/lib/plan/picks/curated-models";
import {
  judgeCandidate,
  largestContextOf,
  type PickComputer,
  type PlannedCandidate,
  pickCandidates,
} from "@/lib/plan/picks/pick-candidates";
import { type ModelPick, pickModels } from "@/lib/plan/picks/pick-models";
import { badgePlan } from "@/lib/plan/words/badge-plan";
import { type ErrorBody, type ErrorCode, modelErrors } from "@/lib/schema/api-error";
import type { ModelPickAnswer, ModelPicks, picksQuerySchema } from "@/lib/schema/models/model-picks";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { type Settings, settingsSchema } from "@/lib/schema/settings/settings";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";
import { readMemory } from "@/lib/server/system/read-memory";
import type { GpuSource } from "./known-surfaces";
import type { MachineSpeedMeter } from "./machine-speed";
import type { Planner } from "./planner";

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
  readonly computer: PickComputer;
  readonly settings: Settings;
}

async function gpuFor({ gpu }: PickServices, cardMib: number | undefined): Promise<GpuMemory | null> {
  if (cardMib === undefined) return (await gpu.read()).memory;
  return cardMib === 0 ? null : whatIfGpu(customCard(cardMib));
}

/**
 * Three models for this computer, from the curated list. The list's figures are enough for a plan that is about right; `hub: "check"`
 * reads only the headers of the three from the hub: then their plans are those that a load would get.
 */
export async function answerPicks(services: PickServices, wishes: PickWishes): Promise<ModelPicks> {
  const { cardMib, hub, ...changes } = wishes;
  const settings = settingsSchema.parse({ ...services.settings.read(), ...changes, LAYERS: "auto" });
  const gpu = await gpuFor(services, cardMib);
  const memory = readMemory(services.engine.pid);
  const speed = await services.machineSpeed.read(gpu?.name ?? null);
  const computer: PickComputer = { gpu, memory, useMmap: settings.USE_MMAP, speed };
  const run = { computer, settings };
  const check = new PickCheck(services.planner, run);
  const candidates = pickCandidates(computer, settings);
  const picks = hub === "check" ? await check.choose(candidates) : pickModels(candidates);
  return {
    gpu,
    system: memory,
    contextTokens: settings.N_CTX,
    kvType: settings.KV_CACHE_QUANT,
    target: settings.TARGET_VRAM_USAGE,
    listDate: CURATED_LIST.date,
    missing: check.missing,
    picks: picks.map(pick => pickAnswer(pick, run, check.resultOf(pick.candidate))),
  };
}

/** Why the hub's file is not the one of the list, or cannot be used. Any other failure means that the hub was not reached. */
const isMissing = (code: ErrorCode): boolean =>
  code === "FORBIDDEN" || code === "TOO_LARGE" || modelErrors.some(modelCode => modelCode === code);

type CheckResult = { readonly kind: "read" } | { readonly kind: "failed"; readonly problem: ErrorBody };

/** Each try reads the headers that the one before did not. More tries mean that the list and this hub have little in common. */
const MOST_TRIES = 5;

/** Reads the headers of the picked files from the hub, and picks again while they are not what the list says. */
class PickCheck {
  readonly missing: { name: string; quantization: string; problem: ErrorBody }[] = [];
  readonly #results = new Map<string, CheckResult>();

  constructor(
    private readonly planner: PickServices["planner"],
    private readonly run: PickRun,
  ) {}

  resultOf(candidate: PlannedCandidate): CheckResult | undefined {
    return this.#results.get(sourceOf(candidate));
  }

  async choose(candidates: readonly PlannedCandidate[]): Promise<readonly ModelPick<PlannedCandidate>[]> {
    let left = candidates;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const unread = pickModels(left).filter(({ candidate }) => this.resultOf(candidate) === undefined);
      if (unread.length === 0) break;
      const read = new Map<PlannedCandidate, PlannedCandidate | null>(
        await Promise.all(unread.map(async ({ candidate }) => [candidate, await this.#checked(candidate)] as const)),
      );
      left = left.flatMap(candidate => read.get(candidate) ?? (read.has(candidate) ? [] : [candidate]));
    }
    return pickModels(left);
  }

  /** The pick with the plan of the file's own header. Unchanged if the hub cannot be asked; null if the hub has no such file. */
  async #checked(candidate: PlannedCandidate): Promise<PlannedCandidate | null> {
    const { computer, settings } = this.run;
    const source = sourceOf(candidate);
    try {
      const planned = await this.planner.planFor({ ...settings, MODEL: source }, computer.gpu);
      this.#results.set(source, { kind: "read" });
      return judgeCandidate(candidate, planned, computer);
    } catch (error) {
      const problem = errorAnswer(error).body;
      this.#results.set(source, { kind: "failed", problem });
      if (!isMissing(problem.code)) return candidate;
      this.missing.push({ name: candidate.curated.name, quantization: candidate.file.quantization, problem });
      return null;
    }
  }
}

const sourceOf = ({ curated, file }: PlannedCandidate): string => `hf:${curated.repository}/${file.file}`;

const reasons = {
  fastest: "The quickest answers of those that are not much worse than the best.",
  balanced: "The best of those that answer faster than people read.",
  "most-capable": "The best that this computer can run at a usable speed.",
} as const;

function pickAnswer(
  { label, candidate }: ModelPick<PlannedCandidate>,
  { computer: { gpu, memory, useMmap, speed }, settings }: PickRun,
  result: CheckResult | undefined,
): ModelPickAnswer {
  const { curated, file, fileBytes, plan, surface } = candidate;
  const isRead = result?.kind === "read";
  const isEstimate = !isRead || plan.computeSource === "estimated";
  return {
    label,
    name: curated.name,
    source: sourceOf(candidate),
    quantization: file.quantization,
    fileBytes,
    licence: curated.licence,
    reason: reasons[label],
    plan: badgePlan({ plan, surface, gpu }, { useMmap, machine: speed, isEstimate }),
    memory: plan.gpuLayers === 0 ? plan.ram : plan.predicted,
    largestContextTokens:
      largestContextOf(candidate, gpu, settings) ?? largestContextInRam(surface, gpu, settings, { memory, useMmap }),
    from: isRead ? "header" : "list",
    problem: result?.kind === "failed" ? result.problem : null,
  };
}
