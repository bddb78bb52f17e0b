import { expertsInWords } from "@/lib/plan/words/placement-words";
import type { EngineSnapshot } from "@/lib/schema/live-events";

export type EngineTone = "good" | "busy" | "idle" | "bad";

const stateWords = {
  stopped: ["engine off", "idle"],
  starting: ["starting", "busy"],
  ready: ["no model loaded", "idle"],
  loading: ["loading", "busy"],
  loaded: ["ready", "good"],
  generating: ["answering", "good"],
  stopping: ["stopping", "busy"],
  failed: ["failed", "bad"],
} as const satisfies Record<EngineSnapshot["state"], readonly [string, EngineTone]>;

/** "loading 62 %": the engine's state in one or two words, with its colour. */
export function engineWords(engine: EngineSnapshot): { readonly text: string; readonly tone: EngineTone } {
  const [text, tone] = stateWords[engine.state];
  if (engine.state !== "loading" || engine.progress === null) return { text, tone };
  return { text: `${text} ${Math.round(engine.progress.fraction * 100)} %`, tone };
}

/** "21 of 33 layers on GPU" or "CPU"; null while nothing is loaded. */
export function layersWords(engine: EngineSnapshot): { readonly count: string; readonly rest: string } | null {
  const { config, totalLayers } = engine;
  if (config === null) return null;
  if (config.gpuLayers === 0) return { count: "CPU", rest: "" };
  return {
    count: totalLayers === null ? `${config.gpuLayers}` : `${config.gpuLayers} of ${totalLayers}`,
    rest: `layers on GPU${expertsInWords(config)}`,
  };
}
