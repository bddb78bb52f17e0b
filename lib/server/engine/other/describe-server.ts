import * as z from "zod";
import type { EngineKind } from "@/lib/schema/engines/answering-engine";
import type { EngineFound, EngineModel } from "@/lib/schema/engines/other-engine";
import { askForJson, type Question, type ServerAddress } from "./ask-server";

/** A page waits for this answer. */
const SILENCE_MS = 5_000;

/** Services name what a model reads in one of these ways. */
const readsSchema = z.union([
  z.object({ architecture: z.object({ input_modalities: z.array(z.string()) }) }),
  z.object({ capabilities: z.object({ vision: z.boolean() }) }),
  z.object({ modalities: z.object({ vision: z.boolean() }) }),
]);

function saysItSees(listed: unknown): boolean {
  const read = readsSchema.safeParse(listed).data;
  if (read === undefined) return false;
  if ("architecture" in read) return read.architecture.input_modalities.includes("image");
  return "capabilities" in read ? read.capabilities.vision : read.modalities.vision;
}

const size = z.int().positive().nullish().catch(null);
const modelSchema = z.looseObject({
  id: z.string().min(1).max(1024),
  owned_by: z.string().nullish().catch(null),
  max_model_len: size,
  context_length: size,
  context_window: size,
  max_context_length: size,
});
type ServerModel = z.infer<typeof modelSchema>;
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
  const factsOf = await factsTold(server, kind, listed, question);
  return { kind, models: listed.map(model => ({ id: model.id, ...factsOf(model) })) };
}

async function kindOf(server: ServerAddress, models: readonly ServerModel[], question: Question): Promise<EngineKind> {
  const known = models.map(model => owners[model.owned_by ?? ""]).find(kind => kind !== undefined);
  if (known !== undefined) return known;
  // Ollama names the owner of a model that somebody published.
  const isOllama = await asked(server, "/api/version", question, z.object({ version: z.string() }));
  return isOllama !== null ? "ollama" : "other";
}

type Facts = Omit<EngineModel, "id">;

/** The context that requests get, which may be less than the model was trained with, and whether it reads pictures. */
async function factsTold(
  server: ServerAddress,
  kind: EngineKind,
  models: readonly ServerModel[],
  question: Question,
): Promise<(model: ServerModel) => Facts> {
  const own = (model: ServerModel): Facts => {
    const { max_model_len, context_length, context_window, max_context_length } = model;
    const contextTokens = max_model_len ?? context_length ?? context_window ?? max_context_length ?? null;
    return { contextTokens, takesPictures: saysItSees(model) };
  };
  if (kind === "llama-server") {
    const props = models.length === 1 ? await asked(server, "/props", question, propsSchema) : null;
    return model => ({
      contextTokens: props?.default_generation_settings.n_ctx ?? own(model).contextTokens,
      takesPictures: props?.modalities.vision ?? own(model).takesPictures,
    });
  }
  if (kind === "ollama") {
    const running = await asked(server, "/api/ps", question, ollamaRunningSchema);
    const seeing = await ollamaModelsThatSee(server, models, question);
    return ({ id }) => ({
      contextTokens: running?.models.find(({ name }) => name === id)?.context_length ?? null,
      takesPictures: seeing.has(id),
    });
  }
  if (kind === "lm-studio") {
    const studio = await asked(server, "/api/v0/models", question, studioModelsSchema);
    return ({ id }) => {
      const known = studio?.data.find(model => model.id === id);
      return { contextTokens: known?.loaded_context_length ?? null, takesPictures: known?.type === "vlm" };
    };
  }
  return own;
}

/** Ollama reports what a model can do only for one model at a time. */
async function ollamaModelsThatSee(server: ServerAddress, models: readonly ServerModel[], question: Question) {
  const seeing = await Promise.all(
    models.slice(0, MAX_ASKED_MODELS).map(async ({ id }) => {
      const shown = await asked(server, "/api/show", { ...question, body: { model: id } }, ollamaModelSchema);
      return shown?.capabilities.includes("vision") ? [id] : [];
    }),
  );
  return new Set(seeing.flat());
}
/** A list is shown within a moment. */
const MAX_ASKED_MODELS = 64;

const propsSchema = z.object({
  default_generation_settings: z.object({ n_ctx: z.int().positive() }),
  modalities: z.object({ vision: z.boolean().catch(false) }).catch({ vision: false }),
});
const ollamaRunningSchema = z.object({ models: z.array(z.object({ name: z.string(), context_length: size })) });
const ollamaModelSchema = z.object({ capabilities: z.array(z.string()) });
const studioModelsSchema = z.object({
  data: z.array(
    z.object({ id: z.string(), type: z.string().nullish().catch(null), loaded_context_length: size.optional() }),
  ),
});

/** What only some servers tell: null if this one does not. */
export const asked = <Schema extends z.ZodType>(
  server: ServerAddress,
  path: string,
  question: Question,
  schema: Schema,
): Promise<z.output<Schema> | null> => askForJson(server, path, question, schema).catch(() => null);
