import type { ChatTurn, CommandParams } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { ChatEngine } from "@/lib/server/chat/chat-engine";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { engineSnapshot, loadConfig } from "./engine-fixtures";

export type GenerateCall = CommandParams<"generate">;

/** Words come when the test says so. Tokens are words, so that counts can be checked by hand. */
export class ScriptedChatEngine implements ChatEngine {
  readonly calls: GenerateCall[] = [];
  contextTokens = 1000;
  queueLength = 0;
  ensureLoaded: (signal?: AbortSignal) => Promise<unknown> = async () => {};
  #waiting: (() => void)[] = [];
  #script: (GenerationMessage | Error)[] = [];

  /** Says this next, in one piece. */
  say(text: string, thought = false): void {
    this.#push({ type: "text", id: "c", text, tokens: 1, thought });
  }

  /** This request waits, and so many are answered before it, the next included. */
  queue(position: number): void {
    this.#push({ type: "queued", position });
  }

  /** Its turn has come. */
  prefill(): void {
    this.#push({ type: "prefill", id: "c", doneTokens: 0, totalTokens: 12 });
  }

  finish(reason: "stop" | "length" | "context" | "cancelled" = "stop", stats: Partial<GenerationStats> = {}): void {
    this.#push({ type: "finished", id: "c", reason, stats: { ...someStats, ...stats } });
  }

  crash(error: Error): void {
    this.#push(error);
  }

  async *generate(request: GenerateCall, signal?: AbortSignal): AsyncGenerator<GenerationMessage> {
    this.calls.push(request);
    const onAbort = () => this.finish("cancelled");
    signal?.addEventListener("abort", onAbort);
    try {
      for (;;) {
        const next = this.#script.shift();
        if (next === undefined) await new Promise<void>(resolve => this.#waiting.push(resolve));
        else if (next instanceof Error) throw next;
        else {
          yield next;
          if (next.type === "finished") return;
        }
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async count(turns: ChatTurn[]) {
    const tokensPerTurn = turns.map(turn => turn.content.split(/\s+/).length);
    return { tokensPerTurn, totalTokens: tokensPerTurn.reduce((sum, tokens) => sum + tokens, 0) };
  }

  snapshot(): EngineSnapshot {
    return engineSnapshot({
      modelName: "scripted",
      config: loadConfig({
        modelPath: "scripted.gguf",
        gpuLayers: 3,
        contextTokens: this.contextTokens,
        kvType: "q8_0",
      }),
      totalLayers: 5,
      queueLength: this.queueLength,
    });
  }

  #push(entry: GenerationMessage | Error): void {
    this.#script.push(entry);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const someStats: GenerationStats = {
  promptTokens: 12,
  cachedTokens: 4,
  generatedTokens: 3,
  timeToFirstTokenMs: 50,
  tokensPerSecond: 20,
  prefillTokensPerSecond: 100,
  totalMs: 200,
};
