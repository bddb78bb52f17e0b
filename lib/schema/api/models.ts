import type { Endpoint } from "../endpoint";
import { localModelsSchema } from "../local-model";
import { picksQuerySchema, picksSchema } from "../model-picks";
import { elsewhereAnswerSchema, elsewhereQuerySchema } from "../remote-models";

export const listModels = {
  method: "GET",
  path: "/api/models",
  does: "The library: each GGUF file, and where its layers would go on the present card.",
  reply: localModelsSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const findElsewhere = {
  method: "GET",
  path: "/api/models/elsewhere",
  does: "Resolves a pasted address: to one file, or to the files of a repository to choose from.",
  query: elsewhereQuerySchema,
  reply: elsewhereAnswerSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "NOT_GGUF"],
} as const satisfies Endpoint;

export const readPicks = {
  method: "GET",
  path: "/api/models/picks",
  does: "Three models of a curated list for this computer: the fastest, a balanced and the most capable one, each with its plan. Only with `hub=check` are their headers read from the hub.",
  query: picksQuerySchema,
  reply: picksSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;
