import type { EngineSnapshot } from "../live-events";
import { LLAMA_SERVER_ID } from "./other-engine";

/** Why no picture can be asked about now, and what helps; the end of a sentence. */
export function noPicturesWords({ other }: Pick<EngineSnapshot, "other">): string {
  if (other?.engineId === LLAMA_SERVER_ID)
    return `${other.model} has no picture reader beside it: put the mmproj file of its repository into the same folder, or choose another model.`;
  if (other !== undefined)
    return `${other.engineName} does not say that ${other.model} reads pictures: choose an engine that does, under Models, Engines.`;
  return "the built-in engine reads text only: choose llama-server or a server that reads pictures, under Models, Engines.";
}
