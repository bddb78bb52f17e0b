import type { ChatTurn, CommandParams } from "@/lib/schema/engine-commands";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { Settings } from "@/lib/schema/settings/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import type { Counted } from "@/lib/server/engine/other/count-tokens";

/** What answers turns. */
export interface TurnEngine {
  generate(request: CommandParams<"generate">, signal?: AbortSignal): AsyncIterable<GenerationMessage>;
}

/** The engine as a chat needs it. */
export interface ChatEngine extends TurnEngine {
  /** Waits until a model is loaded; loads one if there is none. */
  ensureLoaded(signal?: AbortSignal): Promise<unknown>;
  count(turns: ChatTurn[]): Promise<Counted>;
  snapshot(): EngineSnapshot;
}

export interface ChatSettings {
  read(): Settings | Promise<Settings>;
}
