import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { localModelsSchema, trashedModelSchema } from "../models/local-model";
import { picksQuerySchema, picksSchema } from "../models/model-picks";
import { programModelsSchema, programNames } from "../models/program-models";
import { fitEventSchema, fitQuerySchema, hubSearchAnswerSchema, hubSearchQuerySchema } from "../models/remote-models";

export const listModels = {
  method: "GET",
  path: "/api/models",
  does: "The library: each GGUF file, and where its layers would go on the present card. After a second, files that were never read are listed with neither profile nor problem: ask again for them.",
  reply: localModelsSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const findRepositories = {
  method: "GET",
  path: "/api/models/search",
  does: "Repositories of the hub with GGUF files, by words; or what a pasted address leads to: a file, or the files of a repository.",
  query: hubSearchQuerySchema,
  reply: hubSearchAnswerSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "HUB_FAILED", "NOT_GGUF", "BUSY"],
} as const satisfies Endpoint;

export const readRepositoryFit = {
  method: "GET",
  path: "/api/models/fit",
  does: "How each GGUF file of a repository would run here: a list first, then each file as its header is read. No weights are downloaded.",
  query: fitQuerySchema,
  streams: fitEventSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "HUB_FAILED", "BUSY"],
} as const satisfies Endpoint;

export const readPicks = {
  method: "GET",
  path: "/api/models/picks",
  does: "Three models of a curated list for this computer: the fastest, a balanced and the most capable one, each with its plan. Only with `hub=check` are their headers read from the hub.",
  query: picksQuerySchema,
  reply: picksSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const listDraftModels = {
  method: "GET",
  path: "/api/models/drafts",
  does: "Models of the library that can draft for a model, the smallest first: they have its vocabulary, and at most a quarter of its size.",
  query: z.strictObject({ model: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))) }),
  reply: z.object({ drafts: z.array(z.object({ name: z.string(), fileBytes: z.int() })) }),
  errors: modelErrors,
} as const satisfies Endpoint;

const modelName = z.string().check(z.minLength(1), z.maxLength(1024));
const changeErrors = ["MODEL_NOT_FOUND", "NOT_A_FILE", "BUSY", "STORE_UNAVAILABLE", "DISK_FULL"] as const;

export const renameModel = {
  method: "PATCH",
  path: "/api/models",
  does: "Gives a model another file name in its folder: all parts of a split one. MODEL and the model's own settings follow. A loaded model is unloaded first.",
  body: z.strictObject({ name: modelName, fileName: z.string().check(z.minLength(1), z.maxLength(255)) }),
  reply: z.object({ name: z.string() }),
  errors: changeErrors,
} as const satisfies Endpoint;

export const trashModel = {
  method: "DELETE",
  path: "/api/models",
  does: "Moves a model to the trash of its folder, from which it can be put back. A loaded model is unloaded first.",
  body: z.strictObject({ name: modelName }),
  reply: trashedModelSchema,
  errors: changeErrors,
} as const satisfies Endpoint;

export const listTrash = {
  method: "GET",
  path: "/api/models/trash",
  does: "The models in the trash, newest first.",
  reply: z.object({ models: z.array(trashedModelSchema) }),
} as const satisfies Endpoint;

export const restoreModel = {
  method: "POST",
  path: "/api/models/trash",
  does: "Puts a model of the trash back where it was.",
  body: z.strictObject({ id: z.string().check(z.minLength(1), z.maxLength(64)) }),
  reply: z.object({ name: z.string() }),
  errors: [...changeErrors, "NOT_FOUND"],
} as const satisfies Endpoint;

export const emptyTrash = {
  method: "DELETE",
  path: "/api/models/trash",
  does: "Deletes the models in the trash for good.",
  reply: z.object({ models: z.array(trashedModelSchema) }),
  errors: changeErrors,
} as const satisfies Endpoint;

export const listProgramModels = {
  method: "GET",
  path: "/api/models/programs",
  does: "The GGUF files that LM Studio, Ollama, Jan, GPT4All, the Hugging Face cache, llama.cpp's cache and text-generation-webui keep on this computer. It looks each time it is asked, and changes nothing there.",
  reply: programModelsSchema,
} as const satisfies Endpoint;

export const takeProgramModel = {
  method: "POST",
  path: "/api/models/programs",
  does: "Puts a model of another program into the library. Its file is used where it is: nothing is copied, changed or deleted.",
  body: z.strictObject({ program: z.enum(programNames), label: modelName }),
  reply: z.object({ name: z.string() }),
  errors: [...modelErrors, "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

export const addModelFile = {
  method: "POST",
  path: "/api/models/files",
  does: "Puts a GGUF file of this computer into the library by its whole path. It is used where it is.",
  body: z.strictObject({ path: z.string().check(z.minLength(1), z.maxLength(4096)) }),
  reply: z.object({ name: z.string() }),
  errors: [...modelErrors, "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

export const removeModelFile = {
  method: "DELETE",
  path: "/api/models/files",
  does: "Takes a file that is used in place off the list. The file stays where it is.",
  body: z.strictObject({ name: modelName }),
  reply: z.object({ name: z.string() }),
  errors: ["NOT_FOUND", "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

const folderBody = z.strictObject({ path: z.string().check(z.minLength(1), z.maxLength(4096)) });

export const addModelFolder = {
  method: "POST",
  path: "/api/models/folders",
  does: "Adds a folder of this computer to those that are searched for models. Nothing in it is changed.",
  body: folderBody,
  reply: localModelsSchema.shape.folders,
  errors: ["STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

export const removeModelFolder = {
  method: "DELETE",
  path: "/api/models/folders",
  does: "No longer searches an added folder. Its files stay.",
  body: folderBody,
  reply: localModelsSchema.shape.folders,
  errors: ["NOT_FOUND", "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;
