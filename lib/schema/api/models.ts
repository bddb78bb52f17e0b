import type { Endpoint } from "../endpoint";
import { localModelsSchema } from "../local-model";
import { picksQuerySchema, picksSchema } from "../model-picks";
import { fitEventSchema, fitQuerySchema, hubSearchAnswerSchema, hubSearchQuerySchema } from "../remote-models";

export const listModels = {
  method: "GET",
  path: "/api/models",
  does: "The library: each GGUF file, and where its layers would go on the present card.",
  reply: localModelsSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const searchHub = {
  method: "GET",
  path: "/api/models/search",
  does: "Repositories of the hub with GGUF files, by words; or what a pasted address leads to: a file, or the files of a repository.",
  query: hubSearchQuerySchema,
  reply: hubSearchAnswerSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "NOT_GGUF", "BUSY"],
} as const satisfies Endpoint;

export const fitRepository = {
  method: "GET",
  path: "/api/models/fit",
  does: "How each GGUF file of a repository would run here: a list first, then each file as its header is read. No weights are downloaded.",
  query: fitQuerySchema,
  streams: fitEventSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "BUSY"],
} as const satisfies Endpoint;

export const readPicks = {
  method: "GET",
  path: "/api/models/picks",
  does: "Three models of a curated list for this computer: the fastest, a balanced and the most capable one, each with its plan. Only with `hub=check` are their headers read from the hub.",
  query: picksQuerySchema,
  reply: picksSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;
