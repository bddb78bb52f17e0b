import { ramRemedies, waysOut } from "@/lib/plan/advice/ram-remedies";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { planRam, ramConsequence, ramShortage } from "@/lib/plan/placement/plan-ram";
import type { GpuMemory, SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { planSettingsOf, type Settings } from "@/lib/schema/settings/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";

/** System memory does not hold this load. Nothing was loaded. */
export class ShortMemoryError extends EngineError {
  override readonly name = "ShortMemoryError";

  constructor(
    message: string,
    readonly next: string,
  ) {
    super("OUT_OF_MEMORY", message);
  }
}

const MEAN_IT = 'To load it anyway, switch on "Load it anyway" on the dashboard, or POST /api/engine/load?meant=true.';

interface PlannedLoad {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory | null;
  readonly plan: LayerPlan;
}

/** The settings that a load's memory depends on. */
const keyOf = (settings: Settings): string => JSON.stringify([settings.MODEL, planSettingsOf(settings)]);

/**
 * Refuses a load that this computer's memory does not hold, unless the user confirmed it. Pages ask the same question before they apply a
 * change. A confirmation counts until the server ends.
 */
export class MemoryGuard {
  readonly #meant = new Set<string>();

  /** @param readMemory of this computer, with what our engine gives back */
  constructor(private readonly readMemory: () => SystemMemory) {}

  mean(settings: Settings): void {
    this.#meant.add(keyOf(settings));
  }

  /** @throws ShortMemoryError with what is missing, and what would fit */
  check(settings: Settings, { surface, gpu, plan }: PlannedLoad): void {
    if (this.#meant.has(keyOf(settings))) return;
    const computer = { memory: this.readMemory(), useMmap: settings.USE_MMAP };
    const ram = planRam(plan, gpu, computer);
    if (ram.outcome === "fits") return;
    const remedies = ramRemedies(surface, gpu, settings, computer);
    throw new ShortMemoryError(`${ramShortage(ram)} ${ramConsequence(ram)}`, `${waysOut(remedies)} ${MEAN_IT}`);
  }
}
