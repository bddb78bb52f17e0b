import { LlamaChatSession } from "node-llama-cpp";
import * as z from "zod";
import { startLlamaBackend } from "@/lib/engine/backend/llama-backend";
import { EngineLog } from "@/lib/engine/engine-log";

/** One measured answer, as its reader experiences it. */
export const measuredTurnSchema = z.object({
  tokens: z.int(),
  timeToFirstTokenMs: z.number(),
  /** The tokens after the first, divided by the time after the first. */
  tokensPerSecond: z.number(),
});
export type MeasuredTurn = z.infer<typeof measuredTurnSchema>;

export const bareRequestSchema = z.object({
  modelPath: z.string(),
  contextTokens: z.int(),
  batchTokens: z.int(),
  threads: z.int(),
  maxTokens: z.int(),
});
export type BareRequest = z.infer<typeof bareRequestSchema>;

const bareQuestionSchema = z.object({ question: z.string(), isNewChat: z.boolean() });
type BareQuestion = z.infer<typeof bareQuestionSchema>;

/** Turns the arrival times of tokens into the figures that people compare. */
export class TokenClock {
  readonly #beganMs = performance.now();
  #firstMs = 0;
  #lastMs = 0;
  tokens = 0;

  count(tokens: number): void {
    if (tokens === 0) return;
    this.#lastMs = performance.now();
    if (this.tokens === 0) this.#firstMs = this.#lastMs;
    this.tokens += tokens;
  }

  turn(tokens = this.tokens): MeasuredTurn {
    const spentMs = this.#lastMs - this.#firstMs;
    return {
      tokens,
      timeToFirstTokenMs: this.#firstMs - this.#beganMs,
      tokensPerSecond: tokens > 1 && spentMs > 0 ? ((tokens - 1) / spentMs) * 1000 : 0,
    };
  }
}

/**
 * node-llama-cpp alone, used as in its own documentation, with Headroom's settings. Comparing with it shows the cost of the process
 * boundary, the web server and HTTP. Runs in its own process and answers each question with a measurement.
 */
export async function serveBareSession(request: BareRequest): Promise<void> {
  const { llama } = await startLlamaBackend({ gpu: "off", build: "prebuilt", log: new EngineLog() });
  const model = await llama.loadModel({ modelPath: request.modelPath, gpuLayers: 0 });
  llama.maxThreads = request.threads;
  const context = await model.createContext({
    contextSize: request.contextTokens,
    batchSize: request.batchTokens,
    threads: request.threads,
    flashAttention: "auto",
  });
  const sequence = context.getSequence();

  let session = null as LlamaChatSession | null;

  async function answer({ question, isNewChat }: BareQuestion): Promise<MeasuredTurn> {
    if (isNewChat) session?.dispose({ disposeSequence: false });
    if (isNewChat || session === null)
      session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: "", autoDisposeSequence: false });
    const clock = new TokenClock();
    await session.prompt(question, {
      maxTokens: request.maxTokens,
      temperature: 0,
      repeatPenalty: false,
      onToken: tokens => clock.count(tokens.length),
    });
    return clock.turn();
  }

  process.on("message", async raw => process.send?.(await answer(bareQuestionSchema.parse(raw))));
  process.on("disconnect", () => process.exit(0));
  process.send?.("ready");
}
