import type { EmbeddingMemory } from "@/lib/schema/plans/gpu-memory";
import type { Settings } from "@/lib/schema/settings/settings";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { takesAnyName } from "@/lib/server/settings/takes-any-name";
import { RequestError } from "@/lib/server/system/request-error";
import { systemTimers, type Timers } from "@/lib/server/system/timers";

/** The memory of an embedding model that nobody uses goes back to the system. */
const IDLE_MS = 5 * 60_000;

interface EmbeddingHostOptions {
  /** An engine of its own, which works on the processor: what people chat with stays loaded, and the card is left to it. */
  readonly engine: Pick<EngineSupervisor, "embed" | "unload">;
  readonly models: Pick<ModelFiles, "listModels" | "resolveModel">;
  readonly settings: Pick<SettingsStore, "read" | "readFor">;
  /** Unloads the chat model, and says what for. */
  readonly unloadChatModel: (notice: string) => Promise<void>;
  readonly timers?: Timers;
}

interface Embeddings {
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number;
}

/** An embedding model reads no more than it was made for. */
export const embeddingContext = (
  { N_CTX }: Pick<Settings, "N_CTX">,
  { trainContextTokens }: { readonly trainContextTokens: number },
): number => Math.min(N_CTX, trainContextTokens);

/** Makes embeddings with an embedding model of the library, beside the chat model. */
export class EmbeddingHost {
  readonly #timers: Timers;
  #callOffEnd: (() => void) | null = null;
  #working = 0;
  #held: { readonly model: string; readonly memory: EmbeddingMemory } | null = null;

  constructor(private readonly options: EmbeddingHostOptions) {
    this.#timers = options.timers ?? systemTimers;
  }

  /** System memory of the model that is loaded; null while none is. */
  get held(): EmbeddingMemory | null {
    return this.#held?.memory ?? null;
  }

  /** Its name; null while none is loaded. */
  get heldModel(): string | null {
    return this.#held?.model ?? null;
  }

  /**
   * @param asked the client's name for a model: one of the library's, or any name for the first embedding model
   * @param caller who waits in the queue: callers take turns
   * @throws RequestError MODEL_NOT_FOUND, INVALID_INPUT; EngineError
   */
  async embed(
    asked: string | null,
    inputs: (string | number[])[],
    signal: AbortSignal,
    caller?: string,
  ): Promise<Embeddings> {
    const { name, contextTokens } = await this.#modelFor(asked);
    const modelPath = await this.options.models.resolveModel(name);
    this.#callOffEnd?.();
    this.#working += 1;
    try {
      if (this.#isInstead) await this.options.unloadChatModel(`Unloaded for ${name}, which a program asked for.`);
      const { vectors, tokensPerInput, memory } = await this.options.engine.embed(
        { modelPath, contextTokens, inputs },
        signal,
        caller,
      );
      this.#held = { model: name, memory };
      return { model: name, vectors, tokens: tokensPerInput.reduce((sum, tokens) => sum + tokens, 0) };
    } finally {
      this.#working -= 1;
      if (this.#working === 0) this.#callOffEnd = this.#timers.after(IDLE_MS, () => void this.unload());
    }
  }

  /** For the chat model, where there is to be one of them at a time. */
  async makeRoom(): Promise<void> {
    if (this.#isInstead && this.#held !== null) await this.unload();
  }

  async unload(): Promise<void> {
    this.#callOffEnd?.();
    this.#callOffEnd = null;
    this.#held = null;
    await this.options.engine.unload();
  }

  get #isInstead(): boolean {
    return this.options.settings.read().EMBEDDINGS === "instead";
  }

  async #modelFor(asked: string | null): Promise<{ name: string; contextTokens: number }> {
    const models = await this.options.models.listModels();
    const usable = models.filter(({ profile, problem }) => profile?.role === "embedding" && problem === null);
    const named = models.find(model => model.name === asked);
    const isAny = !asked || takesAnyName(asked, this.options.settings.read());
    const names = usable.map(({ name }) => name).join(", ");
    if (named === undefined && !isAny && usable.length > 0)
      throw new RequestError(
        "MODEL_NOT_FOUND",
        `There is no model ${JSON.stringify(asked.slice(0, 200))} here. These make embeddings: ${names}.`,
      );
    const found = named ?? usable[0];
    if (found?.profile == null)
      throw new RequestError(
        "MODEL_NOT_FOUND",
        "There is no embedding model in the library: add one as a GGUF file, such as nomic-embed-text-v1.5 or bge-small-en-v1.5.",
        { next: "Models, Search the hub finds them." },
      );
    if (!usable.includes(found))
      throw new RequestError(
        "INVALID_INPUT",
        `${found.name} makes no embeddings: choose an embedding model. ${usable.length > 0 ? `There are: ${names}.` : "The library has none."}`,
      );
    return {
      name: found.name,
      contextTokens: embeddingContext(this.options.settings.readFor(found.name), found.profile),
    };
  }
}
