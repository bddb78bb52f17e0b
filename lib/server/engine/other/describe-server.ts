import * as z from "zod";
import type { EngineKind } from "@/lib/schema/answering-engine";
import type { EngineFound, EngineModel } from "@/lib/schema/other-engine";
import { askForJson, type ServerAddress } from "./ask-server";

/** A page waits for this answer. */
const SILENCE_MS = 5_000;

const size = z.int().positive().nullish().catch(null);
const modelSchema = z.object({
  id: z.string().min(1).max(1024),
  owned_by: z.string().nullish().catch(null),
  max_model_len: size,
  context_length: size,
  context_window: size,
  max_context_length: size,
});
type ListedModel = z.infer<typeof modelSchema>;
const modelsSchema = z.object({ data: z.array(modelSchema).max(10_000) });

/** What the lists of these servers say under `owned_by`. */
const owners: Readonly<Record<string, EngineKind>> = {
  llamacpp: "llama-server",
  vllm: "vllm",
  sglang: "sglang",
  library: "ollama",
  organization_owner: "lm-studio",
};

const otherPurpose = /embed|rerank|whisper|tts/i;

/**
 * Asks a server what it is, which models it has, and how much context each has.
 *
 * @throws OtherEngineError
 */
export async function describeServer(server: ServerAddress, signal?: AbortSignal): Promise<EngineFound> {
  const question = { silenceMs: SILENCE_MS, signal };
  const { data } = await askForJson(server, "/v1/models", question, modelsSchema);
  const listed = data.filter(({ id }) => !otherPurpose.test(id));
  const kind = await kindOf(server, listed, question);
  const contextOf = await contextsOf(server, kind, listed, question);
  return { kind, models: listed.map(model => ({ id: model.id, contextTokens: contextOf(model) })) };
}

type Short = { readonly silenceMs: number; readonly signal: AbortSignal | undefined };

async function kindOf(server: ServerAddress, models: readonly ListedModel[], question: Short): Promise<EngineKind> {
  const known = models.map(model => owners[model.owned_by ?? ""]).find(kind => kind !== undefined);
  if (known !== undefined) return known;
  // Ollama names the owner of a model that somebody published.
  const isOllama = await asked(server, "/api/version", question, z.object({ version: z.string() }));
  return isOllama !== null ? "ollama" : "other";
}

/** The context that requests get, which may be less than the model was trained with. */
async function contextsOf(
  server: ServerAddress,
  kind: EngineKind,
  models: readonly ListedModel[],
  question: Short,
): Promise<(model: ListedModel) => EngineModel["contextTokens"]> {
  const own = ({ max_model_len, context_length, context_window, max_context_length }: ListedModel) =>
    max_model_len ?? context_length ?? context_window ?? max_context_length ?? null;
  if (kind === "llama-server") {
    const props = await asked(server, "/props", question, propsSchema);
    const contextTokens = models.length === 1 ? (props?.default_generation_settings.n_ctx ?? null) : null;
    return model => contextTokens ?? own(model);
  }
  if (kind === "ollama") {
    const running = await asked(server, "/api/ps", question, ollamaRunningSchema);
    return ({ id }) => running?.models.find(({ name }) => name === id)?.context_length ?? null;
  }
  if (kind === "lm-studio") {
    const studio = await asked(server, "/api/v0/models", question, studioModelsSchema);
    return ({ id }) => studio?.data.find(model => model.id === id)?.loaded_context_length ?? null;
  }
  return own;
}

const propsSchema = z.object({ default_generation_settings: z.object({ n_ctx: z.int().positive() }) });
const ollamaRunningSchema = z.object({ models: z.array(z.object({ name: z.string(), context_length: size })) });
const studioModelsSchema = z.object({ data: z.array(z.object({ id: z.string(), loaded_context_length: size })) });

/** What only some servers tell: null where this one does not. */
export const asked = <Schema extends z.ZodType>(
  server: ServerAddress,
  path: string,
  question: Short,
  schema: Schema,
): Promise<z.output<Schema> | null> => askForJson(server, path, question, schema).catch(() => null);
