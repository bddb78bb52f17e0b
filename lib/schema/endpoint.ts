import type * as z from "zod/v4/core";
import type { ErrorCode } from "./api-error";

/** Paths of llama.cpp's own server, which its clients ask for beside `/v1`. */
export const llamaServerPaths = [
  "/tokenize",
  "/detokenize",
  "/apply-template",
  "/chat/completions/input_tokens",
  "/responses",
  "/props",
  "/health",
  "/metrics",
  "/slots",
] as const;

/**
 * The contract of one method of one path. The server's route is built from it, and the browser's request gets its types from it.
 * With `reply` it answers with JSON. Without, `streams` or `sends` describes the answer. What it does is said in a comment above it, which
 * docs/api.md shows and no page loads.
 */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As Next names the folders of app/: "/api/chats/[id]". */
  readonly path: `/${"api" | "v1"}/${string}` | (typeof llamaServerPaths)[number];
  readonly params?: z.$ZodType;
  readonly query?: z.$ZodType;
  /** Without this, the body is never read. */
  readonly body?: z.$ZodType;
  /** The body is plain bytes, application/octet-stream, and the route reads it itself. */
  readonly takesBytes?: true;
  readonly reply?: z.$ZodType;
  /** The data of each server-sent event. */
  readonly streams?: z.$ZodType;
  /** Another kind of answer, described in words: a file, or OpenAI's own shapes. */
  readonly sends?: string;
  /** Codes in addition to those of every route (`commonErrors`). */
  readonly errors?: readonly ErrorCode[];
}

/** Codes that the frame of every route may answer with: for the guard, for the input, and for unexpected errors. */
export const commonErrors: readonly ErrorCode[] = [
  "FORBIDDEN",
  "RATE_LIMITED",
  "QUEUE_FULL",
  "INVALID_INPUT",
  "UNSUPPORTED_MEDIA",
  "TOO_LARGE",
  "CANCELLED",
  "INTERNAL",
];

type Given<Schema> = Schema extends z.$ZodType ? z.input<Schema> : undefined;
type Parsed<Schema> = Schema extends z.$ZodType ? z.output<Schema> : undefined;

/** A part of the request as the sender writes it. */
export type GivenPart<E extends Endpoint, Part extends "params" | "query" | "body"> = Given<E[Part]>;
/** The same, parsed. */
export type ParsedPart<E extends Endpoint, Part extends "params" | "query" | "body"> = Parsed<E[Part]>;
export type ParsedReply<E extends Endpoint> = Parsed<E["reply"]>;
