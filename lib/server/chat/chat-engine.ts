import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { Settings } from "@/lib/schema/settings";
import type { TurnEngine } from "./engine-language-model";

/** The engine as a chat needs it. */
export interface ChatEngine extends TurnEngine {
  /** Waits until a model is loaded, loading one where there is none. */
  ensureLoaded(signal?: AbortSignal): Promise<unknown>;
  count(turns: ChatTurn[]): Promise<{ tokensPerTurn: number[]; totalTokens: number }>;
  snapshot(): EngineSnapshot;
}

export interface ChatSettings {
  read(): Settings | Promise<Settings>;
}
