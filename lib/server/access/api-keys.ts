import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod";
import { type ApiKey, type ApiKeyChange, type ApiKeyRequest, apiKeySchema } from "@/lib/schema/api-key";
import type { GenerationStats } from "@/lib/schema/generation";
import { JsonFile, OWNER_ONLY } from "@/lib/server/system/json-file";
import { RequestError } from "@/lib/server/system/request-error";
import { systemCodeOf } from "@/lib/server/system/system-code";
import type { Timers } from "@/lib/server/system/timers";

/** What our secrets begin with. Clients that need no key send any word; with this beginning one is meant. */
const SECRET_START = "headroom-";
const SECRET_BYTES = 32;
/** Of the secret, shown to tell keys apart; the rest has more than 200 bits. */
const SHOWN_CHARACTERS = SECRET_START.length + 4;
const MAX_KEYS = 100;
/** Counts are written this long after they changed. */
const SAVE_DELAY_MS = 5_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The day that `tokensToday` counts, in days since 1970 UTC, stands beside it. */
const keptKeySchema = z.object({
  ...apiKeySchema.shape,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  countedDay: z.int(),
});
type KeptKey = z.infer<typeof keptKeySchema>;
const keptSchema = z.object({ areRequired: z.boolean(), keys: z.array(keptKeySchema) });

interface ApiKeysOptions {
  readonly path: string;
  readonly timers: Timers;
  readonly onFailure: (what: string, error: unknown) => void;
}

/** A random secret of 256 bits cannot be guessed from its hash, so a fast hash is enough. */
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/**
 * Keys for programs that use the API. Only hashes are kept. A key opens /v1 and what belongs to it, and nothing else: settings and chats
 * belong to the pages.
 */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #usesMs = new Map<string, number[]>();
  #keys: readonly KeptKey[];
  #areRequired: boolean;
  #cancelSave: (() => void) | null = null;

  /** @throws Error when the file is there but unreadable: to go on would open what is locked */
  constructor(options: ApiKeysOptions) {
    this.#options = options;
    const { keys, areRequired } = readKept(options.path);
    this.#keys = keys;
    this.#areRequired = areRequired;
  }

  get areRequired(): boolean {
    return this.#areRequired;
  }

  list(): ApiKey[] {
    return this.#keys.map(key => this.#shown(key));
  }

  /** @throws RequestError INVALID_INPUT; the file system's error when it cannot be saved, and then there is no key */
  make({ name, requestsPerMinute, tokensPerDay }: ApiKeyRequest): { key: ApiKey; secret: string } {
    if (this.#keys.length >= MAX_KEYS)
      throw new RequestError("INVALID_INPUT", `There are ${MAX_KEYS} keys, which is the most: revoke one first.`);
    this.#refuseSameName(name, null);
    const secret = SECRET_START + randomBytes(SECRET_BYTES).toString("base64url");
    const key: KeptKey = {
      id: randomUUID(),
      name,
      start: secret.slice(0, SHOWN_CHARACTERS),
      sha256: hashOf(secret),
      createdAtMs: this.#options.timers.nowMs(),
      lastUsedAtMs: null,
      requestsPerMinute,
      tokensPerDay,
      requests: 0,
      promptTokens: 0,
      generatedTokens: 0,
      tokensToday: 0,
      countedDay: 0,
    };
    this.#save([...this.#keys, key], this.#areRequired);
    return { key: this.#shown(key), secret };
  }

  /** @throws RequestError NOT_FOUND, INVALID_INPUT */
  change(id: string, change: ApiKeyChange): ApiKey {
    const key = this.#keyOf(id);
    if (change.name !== undefined) this.#refuseSameName(change.name, id);
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const changed = { ...key, ...given };
    this.#save(
      this.#keys.map(other => (other === key ? changed : other)),
      this.#areRequired,
    );
    return this.#shown(changed);
  }

  /** @throws RequestError NOT_FOUND */
  revoke(id: string): void {
    const key = this.#keyOf(id);
    this.#save(
      this.#keys.filter(other => other !== key),
      this.#areRequired,
    );
    this.#usesMs.delete(id);
  }

  require(areRequired: boolean): void {
    this.#save(this.#keys, areRequired);
  }

  /** The key of this secret; "unknown" for one that looks like ours, such as a revoked one; null for any other word. */
  find(secret: string): { id: string } | "unknown" | null {
    if (!secret.startsWith(SECRET_START)) return null;
    const sha256 = hashOf(secret);
    const key = this.#keys.find(candidate => candidate.sha256 === sha256);
    return key === undefined ? "unknown" : { id: key.id };
  }

  /**
   * Counts a request before it is answered.
   *
   * @throws RequestError RATE_LIMITED when a limit of the key is reached
   */
  begin(id: string): void {
    const key = this.#keyOf(id);
    const nowMs = this.#options.timers.nowMs();
    const uses = (this.#usesMs.get(id) ?? []).filter(usedMs => usedMs > nowMs - MINUTE_MS);
    const oldestMs = uses[0] ?? nowMs;
    if (key.requestsPerMinute !== null && uses.length >= key.requestsPerMinute)
      throw limitReached(
        `The key "${key.name}" may be used ${key.requestsPerMinute} times a minute: wait, or raise its limit.`,
        oldestMs + MINUTE_MS - nowMs,
      );
    const { tokensToday } = this.#shown(key);
    if (key.tokensPerDay !== null && tokensToday >= key.tokensPerDay)
      throw limitReached(
        `The key "${key.name}" has used its ${key.tokensPerDay.toLocaleString("en-US")} tokens of today: wait until midnight UTC, or raise its limit.`,
        DAY_MS - (nowMs % DAY_MS),
      );
    this.#usesMs.set(id, [...uses, nowMs]);
    this.#count(key, { requests: key.requests + 1, lastUsedAtMs: nowMs });
  }

  /** Adds an answer's tokens. A key that was revoked since then counts nothing. */
  noteAnswer(
    id: string,
    { promptTokens, generatedTokens }: Pick<GenerationStats, "promptTokens" | "generatedTokens">,
  ): void {
    const key = this.#keys.find(candidate => candidate.id === id);
    if (key === undefined) return;
    this.#count(key, {
      promptTokens: key.promptTokens + promptTokens,
      generatedTokens: key.generatedTokens + generatedTokens,
      tokensToday: this.#shown(key).tokensToday + promptTokens + generatedTokens,
      countedDay: this.#today(),
    });
  }

  /** Writes the counts that are not on the disk yet. */
  shutdown(): void {
    if (this.#cancelSave === null) return;
    this.#cancelSave();
    this.#saveCounts();
  }

  #today(): number {
    return Math.floor(this.#options.timers.nowMs() / DAY_MS);
  }

  /** Without what stays here, and with the count of the present day. */
  #shown({ sha256: _secret, countedDay, ...key }: KeptKey): ApiKey {
    return { ...key, tokensToday: countedDay === this.#today() ? key.tokensToday : 0 };
  }

  #keyOf(id: string): KeptKey {
    const key = this.#keys.find(candidate => candidate.id === id);
    if (key === undefined) throw new RequestError("NOT_FOUND", `There is no API key ${JSON.stringify(id)}.`);
    return key;
  }

  #refuseSameName(name: string, ownId: string | null): void {
    if (this.#keys.some(key => key.name === name && key.id !== ownId))
      throw new RequestError("INVALID_INPUT", `There is a key named "${name}" already: choose another name.`);
  }

  #count(key: KeptKey, counts: Partial<KeptKey>): void {
    this.#keys = this.#keys.map(other => (other === key ? { ...key, ...counts } : other));
    this.#cancelSave ??= this.#options.timers.after(SAVE_DELAY_MS, () => this.#saveCounts());
  }

  #saveCounts(): void {
    this.#cancelSave = null;
    try {
      this.#save(this.#keys, this.#areRequired);
    } catch (error) {
      // The counts stay in memory, and the next use tries again.
      this.#options.onFailure("The counts of the API keys were not saved", error);
    }
  }

  #save(keys: readonly KeptKey[], areRequired: boolean): void {
    new JsonFile(this.#options.path, keptSchema, OWNER_ONLY).write({ areRequired, keys: [...keys] });
    this.#keys = keys;
    this.#areRequired = areRequired;
  }
}

const limitReached = (message: string, waitMs: number): RequestError =>
  new RequestError("RATE_LIMITED", message, { retryAfterSeconds: Math.ceil(waitMs / 1000) });

function readKept(path: string): z.infer<typeof keptSchema> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return { areRequired: false, keys: [] };
    throw error;
  }
  return keptSchema.parse(JSON.parse(text));
}
