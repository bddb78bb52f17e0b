import { changeCost } from "@/lib/plan/advice/change-cost";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { loadConfigOf } from "@/lib/plan/placement/load-config-of";
import type { LoadConfig, LoadCost } from "@/lib/schema/plans/load-config";
import type { Receipt } from "@/lib/schema/plans/receipt";
import type { Settings, SettingsPatch } from "@/lib/schema/settings/settings";
import { median } from "@/lib/units/median";

export interface ApplyPreview {
  /** `later`: nothing is loaded, so the change costs nothing until the next message loads the model. */
  readonly cost: LoadCost | "later";
  readonly layersBefore: number | null;
  readonly layersAfter: number;
  /** From past loads of this model; null if there were none, or if no load is needed. */
  readonly seconds: number | null;
}

/** The part of a receipt that says how long loading took. */
export type PastLoad = Pick<Receipt, "config" | "loadMs">;

interface ApplyInputs {
  readonly loaded: LoadConfig | null;
  readonly saved: Settings;
  readonly patch: SettingsPatch;
  /** The plan of this computer, never of an assumed card. */
  readonly plan: LayerPlan;
  readonly receipts: readonly PastLoad[];
}

/** What Apply will do, and how long that took before. Pure. */
export function applyPreview({ loaded, saved, patch, plan, receipts }: ApplyInputs): ApplyPreview {
  const layersAfter = plan.gpuLayers;
  if (loaded === null) return { cost: "later", layersBefore: null, layersAfter, seconds: null };
  const settings = { ...saved, ...patch };
  const threads = settings.THREADS === "auto" || settings.THREADS === undefined ? loaded.threads : settings.THREADS;
  const useMmap = settings.USE_MMAP ?? loaded.useMmap;
  const next = loadConfigOf(plan, { modelPath: loaded.modelPath, threads, useMmap });
  const cost = patch.MODEL === undefined ? changeCost(loaded, next) : "model";
  const pastSeconds = cost === "model" ? medianSeconds(receipts, loaded.modelPath) : null;
  return { cost, layersBefore: loaded.gpuLayers, layersAfter, seconds: pastSeconds };
}

/** The median: the first load of a file reads it from disk and says little about the next. */
const medianSeconds = (receipts: readonly PastLoad[], modelPath: string): number | null =>
  median(receipts.filter(({ config }) => config.modelPath === modelPath).map(({ loadMs }) => loadMs / 1000));
