import * as z from "zod/mini";
import type { ErrorCode } from "../api-error";
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
} from "../chat";
import type { Endpoint } from "../endpoint";
import { engineErrors, storeErrors } from "./shared-errors";

const chatParams = z.object({ id: chatIdSchema });

const chatAnswer = z.object({ chat: chatSchema });

const chatErrors = ["NOT_FOUND", ...storeErrors] as const satisfies ErrorCode[];

/** All saved chats: pinned ones first, then the most recent. */
export const listChats = {
  method: "GET",
  path: "/api/chats",
  reply: chatListSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

/** Creates a chat without messages. */
export const createChat = {
  method: "POST",
  path: "/api/chats",
  body: newChatSchema,
  reply: chatAnswer,
  errors: storeErrors,
} as const satisfies Endpoint;

/** A chat with its whole tree of messages. */
export const readChat = {
  method: "GET",
  path: "/api/chats/[id]",
  params: chatParams,
  reply: chatTreeSchema,
  errors: chatErrors,
} as const satisfies Endpoint;

/** Changes the given values. `deleted: false` undoes a deletion of the last minutes. */
export const patchChat = {
  method: "PATCH",
  path: "/api/chats/[id]",
  params: chatParams,
  body: chatPatchSchema,
  reply: chatAnswer,
  errors: chatErrors,
} as const satisfies Endpoint;

/** Stops an answer in progress and deletes the chat. For some minutes, a PATCH can restore it. */
export const deleteChat = {
  method: "DELETE",
  path: "/api/chats/[id]",
  params: chatParams,
  reply: z.object({ deleted: z.literal(true) }),
  errors: chatErrors,
} as const satisfies Endpoint;

/** Adds a version of an answer that the user wrote. */
export const addMessage = {
  method: "POST",
  path: "/api/chats/[id]/messages",
  params: chatParams,
  body: newMessageSchema,
  reply: z.object({ message: chatMessageSchema }),
  errors: chatErrors,
} as const satisfies Endpoint;

/** How full the context is with this branch and draft, in tokens. Works for a chat without messages too. */
export const readContextUse = {
  method: "POST",
  path: "/api/chats/[id]/context",
  params: chatParams,
  body: contextRequestSchema,
  reply: contextAnswerSchema,
  errors: [...chatErrors, ...engineErrors],
} as const satisfies Endpoint;

/** One chat as a file: all of it as JSON, or the displayed branch as Markdown. */
export const exportChat = {
  method: "GET",
  path: "/api/chats/[id]/export",
  params: chatParams,
  query: z.strictObject({ format: z._default(z.enum(["json", "markdown"]), "json") }),
  sends: "a file",
  errors: chatErrors,
} as const satisfies Endpoint;

/** All saved chats as one JSON file. */
export const exportChats = {
  method: "GET",
  path: "/api/chats/export",
  sends: "a file",
  errors: storeErrors,
} as const satisfies Endpoint;

/** Imports chats. A chat that already exists is skipped or replaced. A broken chat is reported and does not stop the others. */
export const importChats = {
  method: "POST",
  path: "/api/chats/import",
  body: chatImportSchema,
  reply: chatImportAnswerSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

/** Titles and messages that contain all words of `q`, also as parts of longer words. */
export const searchChats = {
  method: "GET",
  path: "/api/chats/search",
  query: z.strictObject({ q: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)) }),
  reply: chatHitsSchema,
  errors: storeErrors,
} as const satisfies Endpoint;

/** Sends a message and streams its answer in the AI SDK's UI message protocol. The answer continues if the client disconnects. */
export const startAnswer = {
  method: "POST",
  path: "/api/chat",
  body: chatRequestSchema,
  streams: runChunkSchema,
  errors: [...chatErrors, "BUSY"],
} as const satisfies Endpoint;

/** Streams the answer in progress from its start. Status 204 when there is none. */
export const followAnswer = {
  method: "GET",
  path: "/api/chat/[id]/stream",
  params: chatParams,
  streams: runChunkSchema,
  errors: chatErrors,
} as const satisfies Endpoint;

/** Stops the answer in progress, and replies when its text is saved. */
export const stopAnswer = {
  method: "POST",
  path: "/api/chat/[id]/stop",
  params: chatParams,
  reply: z.object({ stopped: z.boolean() }),
  errors: chatErrors,
} as const satisfies Endpoint;
