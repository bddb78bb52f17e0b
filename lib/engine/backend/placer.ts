import { expertPattern, wholeMatrixPattern } from "@/lib/gguf/profile/place-tensors";
import { dividedBlock, wholeBlocksInRam } from "@/lib/plan/memory/expert-placement";
import { expertMatrices, type LoadConfig } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers, PlacementCard, PlacementLever } from "@/lib/schema/plans/placement";
import { JobError } from "../job-error";
import type { AddonCard, AddonPlacement, AddonReport, OpenedAddon } from "./placement-addon";

/** Where a model goes beyond its number of GPU layers. */
export type PlacementOptions = Pick<LoadConfig, "expertBlocksInRam" | "borderExpertsOnGpu" | "tensorSplit" | "kvInRam">;

/** The same for placements that make the same model and contexts; empty if node-llama-cpp can do it alone. */
export const placementKey = ({
  expertBlocksInRam = 0,
  borderExpertsOnGpu = "",
  tensorSplit,
  kvInRam,
}: PlacementOptions): string =>
  [
    expertBlocksInRam > 0 ? `experts ${expertBlocksInRam} ${borderExpertsOnGpu}` : "",
    tensorSplit?.join(" "),
    kvInRam ? "kv" : "",
  ]
    .filter(Boolean)
    .join(", ");

export interface Placed<Result> {
  readonly result: Result;
  /** One for each device and one for system memory; null if no model or context was made, or nothing can count it. */
  readonly devices: readonly DeviceBuffers[] | null;
}

/**
 * Makes models and contexts with a placement. The addon has one placement for the whole process, and llama.cpp's calls run on other
 * threads, so only one piece of work runs at a time.
 */
export class Placer {
  #turn: Promise<unknown> = Promise.resolve();
  #off: string | null = null;

  /** @param onOff called when the addon turns out not to work */
  constructor(
    private readonly opened: OpenedAddon,
    private readonly onOff: (lever: PlacementLever) => void = () => {},
  ) {}

  /** Call it after `getLlama`: then llama.cpp knows its cards, and placements can be made. */
  start(gpuUsable: boolean): PlacementLever {
    if (!gpuUsable) this.#off ??= "The engine uses no GPU, so everything is in system memory.";
    if (this.#off !== null) return { kind: "missing", reason: this.#off };
    return this.opened.kind === "ready" ? { kind: "ready", cards: [...this.cards()] } : this.opened;
  }

  /** The cards as llama.cpp uses them: integrated GPUs only where there is no other. Empty without the addon. */
  cards(): readonly AddonCard[] {
    const all = (this.opened.kind === "ready" ? this.opened.addon.devices() : null) ?? [];
    const dedicated = all.filter(card => !card.isIntegrated);
    return dedicated.length > 0 ? dedicated : all;
  }

  /** For a dry run that does not differ as the placement says: from now on only whole layers are placed. */
  turnOff(reason: string): void {
    this.#off ??= reason;
    this.onOff({ kind: "missing", reason: this.#off });
  }

  /**
   * Runs work that makes one model or context, with this placement.
   *
   * @throws JobError PLACEMENT_UNAVAILABLE where there is a placement and no working addon; INVALID_INPUT for cards that are not there
   */
  place<Result>(placement: PlacementOptions, work: () => Promise<Result>): Promise<Placed<Result>> {
    const turn = this.#turn.then(() => this.#inTurn(placement, work));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #inTurn<Result>(placement: PlacementOptions, work: () => Promise<Result>): Promise<Placed<Result>> {
    const isPlain = placementKey(placement) === "";
    const missing = this.#off ?? (this.opened.kind === "missing" ? this.opened.reason : null);
    if (missing !== null && !isPlain) throw new JobError("PLACEMENT_UNAVAILABLE", missing);
    if (this.opened.kind === "missing") return { result: await work(), devices: null };
    const { addon } = this.opened;
    addon.setPlacement(isPlain ? null : addonPlacement(placement, this.cards()));
    try {
      const result = await work();
      return { result, devices: devicesOf(addon.lastReport(), this.cards()) };
    } catch (error) {
      const { problem } = addon.lastReport();
      throw problem === null ? error : new JobError("PLACEMENT_UNAVAILABLE", problem, {}, { cause: error });
    } finally {
      addon.setPlacement(null);
    }
  }
}

/**
 * A pattern that no name matches. With any pattern llama.cpp makes one compute buffer for several cards instead of four that take turns
 * (pipeline parallelism). Four are of no use to one batch at a time, and their dry run is up to some MiB above the load.
 * @see llama.cpp src/llama-context.cpp (pipeline_parallel)
 */
const NO_TENSOR = "^$";

/**
 * A placement in llama.cpp's own terms. A card without layers is left out, because llama.cpp would still reserve memory there.
 * @see llama.cpp common/common.h LLM_FFN_EXPS_REGEX, src/llama-model.cpp (load_tensors)
 */
export function addonPlacement(
  placement: PlacementOptions,
  cards: readonly Pick<PlacementCard, "device">[],
): AddonPlacement {
  const { expertBlocksInRam = 0, tensorSplit, kvInRam } = placement;
  if (tensorSplit !== undefined && tensorSplit.length > cards.length)
    throw new JobError(
      "INVALID_INPUT",
      `The split is for ${tensorSplit.length} cards and the engine has ${cards.length}.`,
    );
  const shares = cards.flatMap(({ device }, index) => {
    const share = tensorSplit?.[index] ?? 0;
    return share > 0 ? [{ device, share }] : [];
  });
  if (tensorSplit !== undefined && shares.length === 0)
    throw new JobError("INVALID_INPUT", "The split gives no card a share.");
  const ramTensors = expertBlocksInRam > 0 ? ramPattern(placement) : shares.length > 1 ? NO_TENSOR : null;
  return {
    ...(ramTensors !== null && { ramTensors }),
    ...(shares.length > 0 && {
      devices: shares.map(({ device }) => device),
      tensorSplit: shares.map(({ share }) => share),
    }),
    ...(kvInRam && { kvInRam }),
  };
}

function ramPattern(placement: PlacementOptions): string {
  const whole = wholeBlocksInRam(placement);
  const blocks = `^blk\\.(?:${Array.from({ length: whole }, (_, block) => block).join("|")})${expertPattern()}`;
  return [...(whole > 0 ? [blocks] : []), ...borderPattern(placement)].join("|");
}

function borderPattern(placement: PlacementOptions): string[] {
  const border = dividedBlock(placement);
  if (border === null) return [];
  const { block, matrices, isOnly } = border;
  const inRam = expertMatrices.filter(matrix => !matrices.includes(matrix));
  return [`^blk\\.${block}${isOnly ? wholeMatrixPattern(inRam) : expertPattern(inRam)}`];
}

/**
 * Adds up llama.cpp's buffer types by device: on the system's side there are pinned, mapped and plain memory. llama.cpp's own order
 * is by address; here the cards come in their order, then system memory.
 */
function devicesOf(
  { kind, buffers }: AddonReport,
  cards: readonly Pick<PlacementCard, "device">[],
): DeviceBuffers[] | null {
  if (kind === "nothing") return null;
  const devices = new Map<string | null, DeviceBuffers>();
  for (const { device, weightsBytes, kvBytes, computeBytes } of buffers) {
    const sum = devices.get(device) ?? { device, weightsBytes: 0, kvBytes: 0, computeBytes: 0 };
    devices.set(device, {
      device,
      weightsBytes: sum.weightsBytes + weightsBytes,
      kvBytes: sum.kvBytes + kvBytes,
      computeBytes: sum.computeBytes + computeBytes,
    });
  }
  const order = [...cards.map(({ device }) => device), null];
  return [...devices.values()].sort((one, other) => order.indexOf(one.device) - order.indexOf(other.device));
}
