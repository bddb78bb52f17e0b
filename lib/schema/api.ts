import * as z from "zod/mini";
import type { ErrorCode } from "./api-error";
import { benchmarkStateSchema } from "./benchmark";
import {
  chatHitsSchema,
  chatIdSchema,
  chatImportAnswerSchema,
  chatImportSchema,
  chatListSchema,
  chatMessageSchema,
  chatPatchSchema,
  chatRequestSchema,
  chatSchema,
  chatTreeSchema,
  contextAnswerSchema,
  contextRequestSchema,
  newChatSchema,
  newMessageSchema,
  runChunkSchema,
} from "./chat";
import { diagnosticsSchema } from "./diagnostics";
import type { Endpoint } from "./endpoint";
import { engineSnapshotSchema, liveEventSchema } from "./live-events";
import { localModelsSchema } from "./local-model";
import { chatCompletionRequestSchema, completionRequestSchema, openAiModelsSchema } from "./openai";
import { planInputsSchema } from "./plan-inputs";
import { planReportSchema, planRequestSchema } from "./plan-report";
import { receiptSchema } from "./receipt";
import { elsewhereAnswerSchema, elsewhereQuerySchema } from "./remote-models";
import { settingRows, settingsPatchSchema } from "./settings";
import { appliedSettingsSchema, savedSettingsSchema, settingsScopeSchema } from "./settings-answer";

/*
 * The contract of HTTP: every route of app/ is one of these, and the browser asks for nothing else. docs/api.md is made
 * from it. Each stands by itself, so that a page loads the schemas of what it asks for and no others.
 */

const chatParams = z.object({ id: chatIdSchema });
const chatAnswer = z.object({ chat: chatSchema });
const storeErrors = ["STORE_UNAVAILABLE", "DISK_FULL"] as const satisfies ErrorCode[];
const chatErrors = ["NOT_FOUND", ...storeErrors] as const satisfies ErrorCode[];
const modelErrors = [
  "MODEL_NOT_FOUND",
  "NOT_A_FILE",
  "NOT_GGUF",
  "CORRUPT_MODEL",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_ARCH",
] as const satisfies ErrorCode[];
const engineErrors = ["BUSY", "ENGINE_CRASHED", "ENGINE_TIMEOUT", "ENGINE_FAILED"] as const satisfies ErrorCode[];
const loadErrors = [...modelErrors, ...engineErrors, "OUT_OF_MEMORY"] as const satisfies ErrorCode[];
const planErrors = [...modelErrors, ...engineErrors, "DOWNLOAD_FAILED"] as const satisfies ErrorCode[];

// Chats

export const listChats = {
  method: "GET",
  path: "/api/chats",
  does: "All kept chats, pinned first, then the latest.",
  reply: chatListSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

export const createChat = {
  method: "POST",
  path: "/api/chats",
  does: "Makes a chat without a message.",
  body: newChatSchema,
  reply: chatAnswer,
  errors: storeErrors,
} as const satisfies Endpoint;

export const readChat = {
  method: "GET",
  path: "/api/chats/[id]",
  does: "A chat with the whole tree of its messages.",
  params: chatParams,
  reply: chatTreeSchema,
  errors: chatErrors,
} as const satisfies Endpoint;

export const patchChat = {
  method: "PATCH",
  path: "/api/chats/[id]",
  does: "Changes what is given; `deleted: false` takes a deletion of the last minutes back.",
  params: chatParams,
  body: chatPatchSchema,
  reply: chatAnswer,
  errors: chatErrors,
} as const satisfies Endpoint;

export const deleteChat = {
  method: "DELETE",
  path: "/api/chats/[id]",
  does: "Stops an answer in progress and deletes the chat; for some minutes a patch brings it back.",
  params: chatParams,
  reply: z.object({ deleted: z.literal(true) }),
  errors: chatErrors,
} as const satisfies Endpoint;

export const addMessage = {
  method: "POST",
  path: "/api/chats/[id]/messages",
  does: "Adds a version of an answer that the user wrote.",
  params: chatParams,
  body: newMessageSchema,
  reply: z.object({ message: chatMessageSchema }),
  errors: chatErrors,
} as const satisfies Endpoint;

export const readContextUse = {
  method: "POST",
  path: "/api/chats/[id]/context",
  does: "How full the context is with this branch and draft, in tokens; also for a chat that has no message yet.",
  params: chatParams,
  body: contextRequestSchema,
  reply: contextAnswerSchema,
  errors: [...chatErrors, ...engineErrors],
} as const satisfies Endpoint;

export const exportChat = {
  method: "GET",
  path: "/api/chats/[id]/export",
  does: "One chat as a file: all of it as JSON, or the shown branch as Markdown.",
  params: chatParams,
  query: z.strictObject({ format: z._default(z.enum(["json", "markdown"]), "json") }),
  sends: "a file",
  errors: chatErrors,
} as const satisfies Endpoint;

export const exportChats = {
  method: "GET",
  path: "/api/chats/export",
  does: "All kept chats as one JSON file.",
  sends: "a file",
  errors: storeErrors,
} as const satisfies Endpoint;

export const importChats = {
  method: "POST",
  path: "/api/chats/import",
  does: "Takes chats in. One that is here already is left alone or replaced; one that is broken is named and stops no other.",
  body: chatImportSchema,
  reply: chatImportAnswerSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

export const searchChats = {
  method: "GET",
  path: "/api/chats/search",
  does: "Titles and messages that hold all words of `q`, also inside of other words.",
  query: z.strictObject({ q: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)) }),
  reply: chatHitsSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

export const startAnswer = {
  method: "POST",
  path: "/api/chat",
  does: "Sends a message and streams its answer, in the AI SDK's UI message protocol. The answer goes on when the client leaves.",
  body: chatRequestSchema,
  streams: runChunkSchema,
  errors: [...chatErrors, "BUSY"],
} as const satisfies Endpoint;

export const followAnswer = {
  method: "GET",
  path: "/api/chat/[id]/stream",
  does: "Joins the answer that is being written; status 204 when there is none.",
  params: chatParams,
  streams: runChunkSchema,
  errors: chatErrors,
} as const satisfies Endpoint;

export const stopAnswer = {
  method: "POST",
  path: "/api/chat/[id]/stop",
  does: "Stops the answer that is being written, and answers when its text is saved.",
  params: chatParams,
  reply: z.object({ stopped: z.boolean() }),
  errors: chatErrors,
} as const satisfies Endpoint;

// Settings and plans

export const readSettings = {
  method: "GET",
  path: "/api/settings",
  does: "The settings in use, or with `MODEL` what would hold for that model; its name in them stays the chosen one.",
  query: z.strictObject({ MODEL: z.optional(settingRows.MODEL.schema) }),
  reply: savedSettingsSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

export const patchSettings = {
  method: "PATCH",
  path: "/api/settings",
  does: "Saves a change, for all models or the chosen one, and answers when everything that had to be reloaded is.",
  query: z.strictObject({ scope: z._default(settingsScopeSchema, "all") }),
  body: settingsPatchSchema,
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors],
} as const satisfies Endpoint;

export const dropOverrides = {
  method: "DELETE",
  path: "/api/settings",
  does: "Takes the chosen model's own settings away, and reloads where that changes something.",
  reply: appliedSettingsSchema,
  errors: [...storeErrors, ...modelErrors],
} as const satisfies Endpoint;

export const readPlan = {
  method: "GET",
  path: "/api/plan",
  does: "The plan for the settings in use, as `npm run plan -- --json` prints it.",
  reply: planReportSchema,
  errors: planErrors,
} as const satisfies Endpoint;

export const planWith = {
  method: "POST",
  path: "/api/plan",
  does: "The plan with some settings changed, or for a card that is not here. Nothing is saved or loaded.",
  body: planRequestSchema,
  reply: planReportSchema,
  errors: planErrors,
} as const satisfies Endpoint;

export const readSurface = {
  method: "GET",
  path: "/api/surface",
  does: "All that the page needs to plan by itself. MODEL may be another file, or one that is not on this computer, of which only the header is read.",
  query: z.strictObject({
    MODEL: z.optional(settingRows.MODEL.schema),
    N_BATCH: z.optional(z.pipe(z.coerce.number(), settingRows.N_BATCH.schema)),
    FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
  }),
  reply: planInputsSchema,
  errors: planErrors,
} as const satisfies Endpoint;

/** Of a model with at most 512 blocks (llama.cpp's LLAMA_MAX_LAYERS), and its output. */
const MAX_LAYERS = 513;

export const confirmPlan = {
  method: "POST",
  path: "/api/surface",
  does: "Has llama.cpp confirm a plan that is shown, by dry runs; the event `changed: surface` says that it did.",
  body: z.strictObject({
    settings: settingsPatchSchema,
    /** Numbers of GPU layers: the shown plan's, and those beside it. */
    layers: z.array(z.int().check(z.minimum(1), z.maximum(MAX_LAYERS))).check(z.minLength(1), z.maxLength(4)),
  }),
  reply: z.object({ confirmed: z.array(z.int()) }),
  errors: planErrors,
} as const satisfies Endpoint;

// The engine

const engineAnswer = z.object({ engine: engineSnapshotSchema });

export const readEngine = {
  method: "GET",
  path: "/api/engine",
  does: "What the engine does now, and what the last load took.",
  reply: z.extend(engineAnswer, { receipt: z.nullable(receiptSchema) }),
} as const satisfies Endpoint;

export const loadModel = {
  method: "POST",
  path: "/api/engine/load",
  does: "Loads the chosen model if it is not loaded, and answers when it can be chatted with.",
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

export const loadNow = {
  method: "POST",
  path: "/api/engine/load-now",
  does: "A load that waits for the answer in progress waits no longer: the answer ends with what it has.",
  reply: engineAnswer,
} as const satisfies Endpoint;

export const reloadModel = {
  method: "POST",
  path: "/api/engine/reload",
  does: "Loads the chosen model again, also after the engine had given up.",
  reply: engineAnswer,
  errors: loadErrors,
} as const satisfies Endpoint;

export const unloadModel = {
  method: "POST",
  path: "/api/engine/unload",
  does: "Takes the model out of memory, all of it: the engine's process ends. The next message brings it back.",
  reply: engineAnswer,
  errors: engineErrors,
} as const satisfies Endpoint;

export const listReceipts = {
  method: "GET",
  path: "/api/receipts",
  does: "Past loads, newest first: predicted against actual memory.",
  reply: z.object({ receipts: z.array(receiptSchema) }),
} as const satisfies Endpoint;

export const readBenchmark = {
  method: "GET",
  path: "/api/benchmark",
  does: "What a benchmark would measure and take, the one that runs, and those that were kept.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;

export const startBenchmark = {
  method: "POST",
  path: "/api/benchmark",
  does: "Begins a benchmark. It goes on when the page is closed.",
  reply: benchmarkStateSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

export const cancelBenchmark = {
  method: "DELETE",
  path: "/api/benchmark",
  does: "Cancels the benchmark that runs, without waiting until the engine is as it was.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;

// Models and this computer

export const listModels = {
  method: "GET",
  path: "/api/models",
  does: "The library: each GGUF file with where its layers would go on the present card.",
  reply: localModelsSchema,
  errors: ["STORE_UNAVAILABLE"],
} as const satisfies Endpoint;

export const findElsewhere = {
  method: "GET",
  path: "/api/models/elsewhere",
  does: "What an address that somebody pasted leads to: one file, or the files of a repository to choose from.",
  query: elsewhereQuerySchema,
  reply: elsewhereAnswerSchema,
  errors: ["MODEL_NOT_FOUND", "DOWNLOAD_FAILED", "NOT_GGUF"],
} as const satisfies Endpoint;

export const readHealth = {
  method: "GET",
  path: "/api/health",
  does: "Answers within a second, whatever the engine does.",
  reply: z.object({ ok: z.literal(true) }),
} as const satisfies Endpoint;

export const readDiagnostics = {
  method: "GET",
  path: "/api/diagnostics",
  does: "Everything about this computer and this run that helps to find out why something is as it is.",
  reply: diagnosticsSchema,
} as const satisfies Endpoint;

export const followEvents = {
  method: "GET",
  path: "/api/events",
  does: "What the server tells by itself: readings of card and memory once a second, the engine's state, changes made elsewhere, the log.",
  streams: liveEventSchema,
} as const satisfies Endpoint;

// OpenAI's API. Errors have OpenAI's shape.

const answerErrors = [...loadErrors, "CONTEXT_EXCEEDED"] as const satisfies ErrorCode[];

export const openAiModels = {
  method: "GET",
  path: "/v1/models",
  does: "The models of the library, first the chosen one: it is the one that answers.",
  reply: openAiModelsSchema,
} as const satisfies Endpoint;

export const chatCompletions = {
  method: "POST",
  path: "/v1/chat/completions",
  does: "Answers a conversation, whole or as a stream.",
  body: chatCompletionRequestSchema,
  sends: "OpenAI's `chat.completion`, or with `stream` events of `chat.completion.chunk`",
  errors: answerErrors,
} as const satisfies Endpoint;

export const completions = {
  method: "POST",
  path: "/v1/completions",
  does: "Continues a text, whole or as a stream.",
  body: completionRequestSchema,
  sends: "OpenAI's `text_completion`, or with `stream` events of it",
  errors: answerErrors,
} as const satisfies Endpoint;

export const embeddings = {
  method: "POST",
  path: "/v1/embeddings",
  does: "Refused: this version makes no embeddings.",
  sends: "only the refusal",
  errors: ["NOT_FOUND"],
} as const satisfies Endpoint;
