import { basename, join } from "node:path";
import * as z from "zod";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { type SpeculationChoice, type SpeculationGain, speculationGainSchema } from "@/lib/schema/plans/speculation";
import type { Settings } from "@/lib/schema/settings/settings";
import { JsonLinesFile } from "@/lib/server/system/json-lines-file";

/** A gain below this is not worth the guesses: in a text made for them, or with a draft model in a usual one. */
const LEAST_GAIN = 1.1;
/** No text may lose more than the noise between two measurements. */
const LEAST_ANYWHERE = 0.97;

const measurementSchema = z.object({
  machine: z.string(),
  /** Model, placement and threads: what decides how much a step with several tokens costs. */
  load: z.string(),
  atMs: z.number(),
  /** null: the engine ended or hung while it was measured, so it is not tried again. */
  gain: z.nullable(speculationGainSchema),
  /** The draft model that guessed, as `pairKey` says it; missing if none did, and in measurements before this was noted. */
  pair: z.string().optional(),
});
type Measurement = z.infer<typeof measurementSchema>;

/** What decides whether a draft model helps. The model's own layers do not decide it: they follow from the room that the draft model leaves. */
export interface DraftPair {
  readonly model: string;
  readonly draft: string;
  readonly isOnCard: boolean;
  readonly threads: number;
}

/** What SPECULATION "auto" means for a load: off, until it was once measured on this machine that it gains. */
export class SpeculationMeter {
  readonly #file: JsonLinesFile<typeof measurementSchema>;
  #measurements: Measurement[] | null = null;

  constructor(
    dataFolder: string,
    /** The processor's own name and its threads: a data folder may move to another computer. */
    private readonly machine: string,
  ) {
    this.#file = new JsonLinesFile(join(dataFolder, "speculation.jsonl"), measurementSchema);
  }

  choice(setting: Settings["SPECULATION"], config: LoadConfig): SpeculationChoice {
    if (setting === "off") return { isUsed: false, reason: "Off, as the settings say." };
    if (setting === "on") return { isUsed: true, reason: "On, as the settings say." };
    const measured = this.#measurementOf(config);
    if (measured !== undefined) return choiceFrom(measured);
    return {
      isUsed: false,
      reason: "Off, until it has been measured once, while the engine is idle, whether this model gains by it.",
    };
  }

  isMeasured(config: LoadConfig): boolean {
    return this.#measurementOf(config) !== undefined;
  }

  async remember(config: LoadConfig, gain: SpeculationGain | null, atMs: number): Promise<void> {
    const { modelPath, draft, threads } = config;
    const pair = draft && pairKey({ model: modelPath, draft: draft.modelPath, isOnCard: draft.gpuLayers > 0, threads });
    const measurement = { machine: this.machine, load: loadKey(config), atMs, gain, ...(pair && { pair }) };
    this.#known().push(measurement);
    await this.#file.append(measurement);
  }

  /** Why a draft model need not be loaded: the latest measurement of it found no gain. Null if it gained, and where it was not measured. */
  uselessBecause(pair: DraftPair): string | null {
    const key = pairKey(pair);
    const measured = this.#known().findLast(known => known.machine === this.machine && known.pair === key);
    if (measured === undefined || choiceFrom(measured).isUsed) return null;
    return `The draft model ${basename(pair.draft)} is not loaded${measured.gain ? ", because it gains too little" : ""}: ${gainInWords(measured)}. "On" loads it all the same.`;
  }

  #measurementOf(config: LoadConfig): Measurement | undefined {
    const load = loadKey(config);
    return this.#known().findLast(known => known.machine === this.machine && known.load === load);
  }

  #known(): Measurement[] {
    this.#measurements ??= this.#file.readSync();
    return this.#measurements;
  }
}

const loadKey = ({ modelPath, gpuLayers, expertBlocksInRam, tensorSplit, kvInRam, threads, draft }: LoadConfig) =>
  JSON.stringify([
    basename(modelPath),
    gpuLayers,
    expertBlocksInRam ?? 0,
    tensorSplit ?? [],
    kvInRam ?? false,
    threads,
    ...(draft ? [basename(draft.modelPath), draft.gpuLayers] : []),
  ]);

const pairKey = ({ model, draft, isOnCard, threads }: DraftPair): string =>
  JSON.stringify([basename(model), basename(draft), isOnCard, threads]);

function choiceFrom(measurement: Measurement): SpeculationChoice {
  const { repeated, usual } = measurement.gain ?? { repeated: 0, usual: 0 };
  const isUsed = Math.max(repeated, usual) >= LEAST_GAIN && Math.min(repeated, usual) >= LEAST_ANYWHERE;
  return { isUsed, reason: `${isUsed ? "On" : "Off"}: ${gainInWords(measurement)}.` };
}

function gainInWords({ gain, atMs }: Measurement): string {
  const day = new Date(atMs).toISOString().slice(0, 10);
  if (gain === null) return `the engine failed while the gain was measured here on ${day}`;
  const { repeated, usual } = gain;
  const times = `${repeated.toFixed(2)} times the speed in a text that repeats itself and ${usual.toFixed(2)} in a usual one`;
  return `with it, this model writes at ${times}, measured here on ${day}`;
}
