import type * as z from "zod/v4/core";
import type { ErrorCode } from "./api-error";

/**
 * One method of one path, as a contract: the server's route is built from it and the browser's request typed by it.
 * With `reply` it answers with JSON; without, with what `streams` or `sends` says.
 */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As Next names the folders of app/: "/api/chats/[id]". */
  readonly path: `/${"api" | "v1"}/${string}`;
  /** What it does, in a sentence or two. */
  readonly does: string;
  readonly params?: z.$ZodType;
  readonly query?: z.$ZodType;
  /** Without it a body is never read. */
  readonly body?: z.$ZodType;
  readonly reply?: z.$ZodType;
  /** The data of each server-sent event. */
  readonly streams?: z.$ZodType;
  /** What else it answers with, in words: a file, or OpenAI's own shapes. */
  readonly sends?: string;
  /** Codes beside those that any route may answer with (`commonErrors`). */
  readonly errors?: readonly ErrorCode[];
}

/** What the frame of every route may say: the guard, the input, what nobody foresaw. */
export const commonErrors: readonly ErrorCode[] = [
  "FORBIDDEN",
  "INVALID_INPUT",
  "UNSUPPORTED_MEDIA",
  "TOO_LARGE",
  "CANCELLED",
  "INTERNAL",
];

type Given<Schema> = Schema extends z.$ZodType ? z.input<Schema> : undefined;
type Parsed<Schema> = Schema extends z.$ZodType ? z.output<Schema> : undefined;

/** A part of the request as whoever sends it writes it. */
export type GivenPart<E extends Endpoint, Part extends "params" | "query" | "body"> = Given<E[Part]>;
/** The same, parsed. */
export type ParsedPart<E extends Endpoint, Part extends "params" | "query" | "body"> = Parsed<E[Part]>;
/** What a server's handler returns: the reply's value, or a Response for what is no JSON. */
export type HandlerReply<E extends Endpoint> = E["reply"] extends z.$ZodType ? z.input<E["reply"]> : Response;
export type ParsedReply<E extends Endpoint> = Parsed<E["reply"]>;
