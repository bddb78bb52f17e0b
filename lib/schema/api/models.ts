import * as z from "zod/mini";
import { modelErrors } from "../api-error";
import type { Endpoint } from "../endpoint";
import { localModelsSchema, trashedModelSchema } from "../models/local-model";
import { picksQuerySchema, picksSchema } from "../models/model-picks";
import { programModelsSchema, programNames } from "../models/program-models";
import { fitEventSchema, fitQuerySchema, hubSearchAnswerSchema, hubSearchQuerySchema } from "../models/remote-models";

/**
 * The library: each GGUF file, and where its layers would go on the present card. After a second, files that were never read are listed
 * with neither profile nor problem: ask again for them.
 */
export const listModels = {
  method: "GET",
  path: "/api/models",
  reply: localModelsSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Repositories of the hub with GGUF files, by words; or what a pasted address leads to: a file, or the files of a repository. */
export const findRepositories = {
  method: "GET",
  path: "/api/models/search",
  query: hubSearchQuerySchema,
  reply: hubSearchAnswerSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "HUB_FAILED", "NOT_GGUF", "BUSY"],
} as const satisfies Endpoint;

/** How each GGUF file of a repository would run here: a list first, then each file as its header is read. No weights are downloaded. */
export const readRepositoryFit = {
  method: "GET",
  path: "/api/models/fit",
  query: fitQuerySchema,
  streams: fitEventSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "HUB_FAILED", "BUSY"],
} as const satisfies Endpoint;

/**
 * Three models of a curated list for this computer: the fastest, a balanced and the most capable one, each with its plan. Only with
 * `hub=check` are their headers read from the hub.
 */
export const readPicks = {
  method: "GET",
  path: "/api/models/picks",
  query: picksQuerySchema,
  reply: picksSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

/** Models of the library that can draft for a model, the smallest first: they have its vocabulary, and at most a quarter of its size. */
export const listDraftModels = {
  method: "GET",
  path: "/api/models/drafts",
  query: z.strictObject({ model: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))) }),
  reply: z.object({ drafts: z.array(z.object({ name: z.string(), fileBytes: z.int() })) }),
  errors: modelErrors,
} as const satisfies Endpoint;

const modelName = z.string().check(z.minLength(1), z.maxLength(1024));
const changeErrors = ["MODEL_NOT_FOUND", "NOT_A_FILE", "BUSY", "STORE_UNAVAILABLE", "DISK_FULL"] as const;

/**
 * Gives a model another file name in its folder: all parts of a split one. MODEL and the model's own settings follow. A loaded model is
 * unloaded first.
 */
export const renameModel = {
  method: "PATCH",
  path: "/api/models",
  body: z.strictObject({ name: modelName, fileName: z.string().check(z.minLength(1), z.maxLength(255)) }),
  reply: z.object({ name: z.string() }),
  errors: changeErrors,
} as const satisfies Endpoint;

/** Moves a model to the trash of its folder, from which it can be put back. A loaded model is unloaded first. */
export const trashModel = {
  method: "DELETE",
  path: "/api/models",
  body: z.strictObject({ name: modelName }),
  reply: trashedModelSchema,
  errors: changeErrors,
} as const satisfies Endpoint;

/** The models in the trash, newest first. */
export const listTrash = {
  method: "GET",
  path: "/api/models/trash",
  reply: z.object({ models: z.array(trashedModelSchema) }),
} as const satisfies Endpoint;

/** Puts a model of the trash back where it was. */
export const restoreModel = {
  method: "POST",
  path: "/api/models/trash",
  body: z.strictObject({ id: z.string().check(z.minLength(1), z.maxLength(64)) }),
  reply: z.object({ name: z.string() }),
  errors: [...changeErrors, "NOT_FOUND"],
} as const satisfies Endpoint;

/** Deletes the models in the trash for good. */
export const emptyTrash = {
  method: "DELETE",
  path: "/api/models/trash",
  reply: z.object({ models: z.array(trashedModelSchema) }),
  errors: changeErrors,
} as const satisfies Endpoint;

/**
 * The GGUF files that LM Studio, Ollama, Jan, GPT4All, the Hugging Face cache, llama.cpp's cache and text-generation-webui keep on this
 * computer. It looks each time it is asked, and changes nothing there.
 */
export const listProgramModels = {
  method: "GET",
  path: "/api/models/programs",
  reply: programModelsSchema,
} as const satisfies Endpoint;

/** Puts a model of another program into the library. Its file is used where it is: nothing is copied, changed or deleted. */
export const takeProgramModel = {
  method: "POST",
  path: "/api/models/programs",
  body: z.strictObject({ program: z.enum(programNames), label: modelName }),
  reply: z.object({ name: z.string() }),
  errors: [...modelErrors, "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

/** Puts a GGUF file of this computer into the library by its whole path. It is used where it is. */
export const addModelFile = {
  method: "POST",
  path: "/api/models/files",
  body: z.strictObject({ path: z.string().check(z.minLength(1), z.maxLength(4096)) }),
  reply: z.object({ name: z.string() }),
  errors: [...modelErrors, "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

/** Takes a file that is used in place off the list. The file stays where it is. */
export const removeModelFile = {
  method: "DELETE",
  path: "/api/models/files",
  body: z.strictObject({ name: modelName }),
  reply: z.object({ name: z.string() }),
  errors: ["NOT_FOUND", "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

const folderBody = z.strictObject({ path: z.string().check(z.minLength(1), z.maxLength(4096)) });

/** Adds a folder of this computer to those that are searched for models. Nothing in it is changed. */
export const addModelFolder = {
  method: "POST",
  path: "/api/models/folders",
  body: folderBody,
  reply: localModelsSchema.shape.folders,
  errors: ["STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;

/** No longer searches an added folder. Its files stay. */
export const removeModelFolder = {
  method: "DELETE",
  path: "/api/models/folders",
  body: folderBody,
  reply: localModelsSchema.shape.folders,
  errors: ["NOT_FOUND", "STORE_UNAVAILABLE", "DISK_FULL"],
} as const satisfies Endpoint;
