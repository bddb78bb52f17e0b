import { basename } from "node:path";
import type * as z from "zod";
import type { openAiModelSchema } from "@/lib/schema/clients/openai";
import type { AnsweringEngine } from "@/lib/schema/engines/answering-engine";
import { LLAMA_SERVER_ID } from "@/lib/schema/engines/other-engine";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { embeddingContext } from "@/lib/server/loading/embedding-host";
import { type LibraryServices, listLibrary } from "@/lib/server/planning/list-library";
import type { SettingsStore } from "@/lib/server/settings/settings-store";

type OpenAiModel = z.infer<typeof openAiModelSchema>;

interface ModelServices extends LibraryServices {
  readonly settings: Pick<SettingsStore, "read" | "readFor">;
  readonly host: { snapshot(): EngineSnapshot };
  readonly embeddings: { readonly heldModel: string | null };
}

/**
 * The models of the library that can answer or embed, the chosen one first; before them the model of another engine that answers. Of two
 * with one name, that one is meant by it.
 */
export async function openAiModels(services: ModelServices): Promise<OpenAiModel[]> {
  const { MODEL: chosen } = services.settings.read();
  const snapshot = services.host.snapshot();
  const models = (await listLibrary(services)).flatMap(model => toOpenAi(model, services, snapshot));
  const sorted = models.toSorted((one, other) => Number(other.id === chosen) - Number(one.id === chosen));
  const { other } = snapshot;
  // A llama-server that Headroom runs has a model of the library.
  if (other === undefined || other.engineId === LLAMA_SERVER_ID) return sorted;
  return [modelElsewhere(other), ...sorted.filter(({ id }) => id !== other.model)];
}

const identityOf = (id: string, createdSeconds: number) => ({
  id,
  object: "model" as const,
  created: createdSeconds,
  owned_by: "headroom" as const,
  display_name: id,
  created_at: new Date(createdSeconds * 1000).toISOString(),
});

const modelElsewhere = ({ model, contextTokens }: AnsweringEngine): OpenAiModel => ({
  // OpenAI's clients want a number, and nobody knows when it was made.
  ...identityOf(model, 0),
  type: "llm",
  state: "loaded",
  context_length: contextTokens,
  max_context_length: null,
  architecture: null,
  quantization: null,
  parameters: null,
  size_bytes: null,
  plan: null,
});

function toOpenAi(model: LocalModel, { settings, embeddings }: ModelServices, snapshot: EngineSnapshot): OpenAiModel[] {
  const { name, profile } = model;
  if (profile === null || (profile.role !== "text" && profile.role !== "embedding")) return [];
  const own = settings.readFor(name);
  const isChat = profile.role === "text";
  const state = embeddings.heldModel === name ? "loaded" : stateOf(name, settings.read().MODEL, snapshot);
  const planned = isChat ? own.N_CTX : embeddingContext(own, profile);
  return [
    {
      ...identityOf(name, Math.floor(model.modifiedAtMs / 1000)),
      type: isChat ? "llm" : "embeddings",
      state,
      context_length: (isChat && state === "loaded" && snapshot.config?.contextTokens) || planned,
      max_context_length: profile.trainContextTokens,
      architecture: profile.architecture,
      quantization: profile.quantization,
      parameters: profile.parameters,
      size_bytes: model.fileBytes,
      plan: model.plan,
    },
  ];
}

/** While it is being loaded, the snapshot names only its file; of two files with one name, the chosen one is meant. */
function stateOf(name: string, chosen: string, { modelName, config, state }: EngineSnapshot): OpenAiModel["state"] {
  if (state === "loading") return name === chosen && modelName === basename(name) ? "loading" : "not-loaded";
  return config !== null && modelName === name ? "loaded" : "not-loaded";
}
