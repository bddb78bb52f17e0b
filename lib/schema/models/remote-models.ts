import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { kvTypeSchema } from "../plans/kv-type";
import { memoryPartsSchema } from "../plans/receipt";
import { planBadgeSchema } from "./local-model";

const bytes = z.int().check(z.minimum(0));

export const hubSorts = ["trending", "downloads", "likes", "newest"] as const;
export type HubSort = (typeof hubSorts)[number];

/** GET /api/models/search: words, or an address that somebody pasted. */
export const hubSearchQuerySchema = z.strictObject({
  words: z.string().check(z.maxLength(2048)),
  sort: z._default(z.enum(hubSorts), "trending"),
});

const remoteFileSchema = z.object({
  /** `hf:owner/repo/file.gguf`, which the dashboard plans. */
  source: z.string(),
  name: z.string(),
  /** Size of all parts together. */
  fileBytes: bytes,
  /** From the file's name: "Q4_K_M"; null if the name does not show it. */
  quantization: z.nullable(z.string()),
});
export type RemoteFile = z.infer<typeof remoteFileSchema>;

/** A repository of the hub that holds GGUF files. What the hub does not say is null. */
const hubRepositorySchema = z.object({
  name: z.string(),
  author: z.string(),
  licence: z.nullable(z.string()),
  /** Its terms must be accepted on its page before a file can be read. */
  isGated: z.boolean(),
  changedAt: z.nullable(z.string()),
  downloads: bytes,
  likes: bytes,
  parameters: z.nullable(z.number()),
  trainContextTokens: z.nullable(z.int()),
  /** Address of its page on the hub. */
  page: z.string(),
});
export type HubRepository = z.infer<typeof hubRepositorySchema>;

export const hubSearchAnswerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("file"), source: z.string() }),
  z.object({ kind: z.literal("repository"), name: z.string(), files: z.array(remoteFileSchema) }),
  z.object({ kind: z.literal("found"), repositories: z.array(hubRepositorySchema) }),
  /** The hub answers nobody who asks too often: ask again after that time. */
  z.object({ kind: z.literal("wait"), seconds: z.int(), message: z.string() }),
]);
export type HubSearchAnswer = z.infer<typeof hubSearchAnswerSchema>;
export type AddressAnswer = Extract<HubSearchAnswer, { kind: "file" | "repository" }>;

/** `text` can chat. A `draft` model guesses words for a larger one; `calibration` is an importance matrix. */
const fileRoleSchema = z.enum(["text", "embedding", "projector", "adapter", "draft", "calibration", "other"]);
export type FileRole = z.infer<typeof fileRoleSchema>;

/** What a fit is planned with, in place of the saved settings. */
const planningChoices = {
  N_CTX: z.optional(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(2 ** 24))),
  KV_CACHE_QUANT: z.optional(kvTypeSchema),
  TARGET_VRAM_USAGE: z.optional(z.coerce.number().check(z.minimum(0), z.maximum(1))),
};

/** GET /api/models/fit */
export const fitQuerySchema = z.strictObject({
  /** "owner/repo" or "owner/repo@revision" */
  repository: z.string().check(z.minLength(3), z.maxLength(512)),
  /** Headers that are read at most. The other files are listed without a plan. */
  most: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1000)), 120),
  ...planningChoices,
});
export type FitQuery = z.infer<typeof fitQuerySchema>;

/** How one file of a repository would run here. */
export const fitFileSchema = z.extend(remoteFileSchema, {
  role: fileRoleSchema,
  parts: z.int(),
  /** `cpu`: no layer fits the card. `no`: more memory than this computer has. null: not known, or it cannot chat. */
  fits: z.nullable(z.enum(["all", "partial", "cpu", "no"])),
  plan: z.nullable(z.extend(planBadgeSchema, { predicted: memoryPartsSchema, ram: memoryPartsSchema })),
  /** With all layers on the GPU, or without a card in system memory; null if they do not fit at any context. */
  largestContextTokens: z.nullable(z.int()),
  /** Why it has no plan. */
  problem: z.nullable(errorBodySchema),
});
export type FitFile = z.infer<typeof fitFileSchema>;

/** The events of /api/models/fit. `list` comes first, then each file as it is known. */
export const fitEventSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("list"),
    repository: z.string(),
    files: z.array(fitFileSchema),
    /** Files that are going to get a plan. */
    planned: z.int(),
    /** The card that is planned for: its total, what others use of it and where the target ends. null without one. */
    card: z.nullable(z.object({ name: z.string(), totalBytes: bytes, othersBytes: bytes, targetBytes: bytes })),
    ramTotalBytes: bytes,
  }),
  z.object({ kind: z.literal("file"), file: fitFileSchema }),
  /** The hub asked to wait; reading goes on by itself. */
  z.object({ kind: z.literal("wait"), seconds: z.int(), message: z.string() }),
  /** Reading has ended before all files were known. */
  z.object({ kind: z.literal("problem"), problem: errorBodySchema }),
  z.object({ kind: z.literal("end"), readBytes: bytes }),
]);
export type FitEvent = z.infer<typeof fitEventSchema>;
