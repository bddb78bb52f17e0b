import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { LlamaContextSequence, Token } from "node-llama-cpp";
import * as z from "zod";
import { GIB } from "@/lib/units/bytes";
import { commonTokens } from "../sequences/common-tokens";

/** What the shelf does with a sequence. */
export type KeptSequence = Pick<
  LlamaContextSequence,
  "contextTokens" | "saveStateToFile" | "loadStateFromFile" | "clearHistory"
>;

/** All states together: eight chats of 4,096 tokens of an 8B model with an f16 cache (512 MiB each). */
const MOST_BYTES = 4 * GIB;
/** A shorter prompt is read again so fast that a person does not notice. */
const LEAST_TOKENS = 256;
/** A chat's id, which is the name of its files. Other keys are not kept. */
const safeName = /^[\w-]{1,64}$/;

const manifestSchema = z.object({
  version: z.literal(1),
  /** Model file, cache and llama.cpp release: the state means nothing to any other. */
  load: z.string(),
  tokens: z.array(z.int()),
  stateBytes: z.int(),
  sha256: z.string(),
});
type Manifest = z.infer<typeof manifestSchema>;

export interface ShelfOptions {
  readonly folder: string;
  readonly load: string;
  readonly mostBytes?: number;
}

/**
 * The caches of chats on disk: a state file of llama.cpp and a manifest for each. llama.cpp may end the process over a wrong state, so one
 * is used only if the load is the same and its size and hash are right. A file with any fault is deleted, and the chat's prompt is computed again.
 */
export class KvShelf {
  readonly #folder: string;
  readonly #load: string;
  readonly #mostBytes: number;

  constructor({ folder, load, mostBytes = MOST_BYTES }: ShelfOptions) {
    this.#folder = folder;
    this.#load = load;
    this.#mostBytes = mostBytes;
  }

  /**
   * Fills the sequence from disk if that saves computing a good part of the prompt. A state is set aside while it is loaded: if llama.cpp
   * ends the process over it, it is not tried again.
   */
  async restore(sequence: KeptSequence, chatId: string, prompt: readonly Token[]): Promise<void> {
    const manifest = await this.#manifestOf(chatId);
    if (manifest === null) return;
    const gain = commonTokens(manifest.tokens, prompt) - commonTokens(sequence.contextTokens, prompt);
    if (gain < LEAST_TOKENS / 2) return;
    if (!(await this.#isWhole(chatId, manifest))) return this.drop(chatId);
    try {
      await rename(this.#path(chatId, "json"), this.#path(chatId, "tried"));
      await sequence.loadStateFromFile(this.#path(chatId, "kv"), { acceptRisk: true });
      if (!isSame(sequence.contextTokens, manifest.tokens)) throw new Error("The state holds other tokens.");
      await rename(this.#path(chatId, "tried"), this.#path(chatId, "json"));
      await utimes(this.#path(chatId, "json"), new Date(), new Date());
    } catch {
      await sequence.clearHistory();
      await this.drop(chatId);
    }
  }

  /** Writes the state beside the old one and then puts it in its place. A failure (disk full) leaves no state. */
  async keep(sequence: KeptSequence, chatId: string): Promise<void> {
    const tokens = [...sequence.contextTokens];
    if (!safeName.test(chatId) || tokens.length < LEAST_TOKENS) return;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const part = this.#path(chatId, "part");
      await sequence.saveStateToFile(part);
      const { size: stateBytes } = await stat(part);
      if (stateBytes * 2 > this.#mostBytes) return await this.drop(chatId);
      const manifest: Manifest = { version: 1, load: this.#load, tokens, stateBytes, sha256: await sha256Of(part) };
      await rm(this.#path(chatId, "json"), { force: true });
      await rename(part, this.#path(chatId, "kv"));
      await writeFile(this.#path(chatId, "tried"), JSON.stringify(manifest), { mode: 0o600 });
      await rename(this.#path(chatId, "tried"), this.#path(chatId, "json"));
      await this.tidy();
    } catch {
      await this.drop(chatId);
    }
  }

  /** Deletes what a crash left and what no manifest describes, then the states that were not used for the longest, down to the limit. */
  async tidy(): Promise<void> {
    const names = new Set(await readdir(this.#folder).catch((): string[] => []));
    const whole: { chatId: string; bytes: number; usedAtMs: number }[] = [];
    for (const chatId of new Set([...names].map(name => name.replace(/\.\w+$/, "")))) {
      const [state, manifest] = await Promise.all(
        (["kv", "json"] as const).map(kind => stat(this.#path(chatId, kind)).catch(() => null)),
      );
      if (state && manifest) whole.push({ chatId, bytes: state.size, usedAtMs: manifest.mtimeMs });
      else await this.drop(chatId);
    }
    let total = whole.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { chatId, bytes } of whole.sort((one, other) => one.usedAtMs - other.usedAtMs)) {
      if (total <= this.#mostBytes) return;
      await this.drop(chatId);
      total -= bytes;
    }
  }

  async drop(chatId: string): Promise<void> {
    const kinds = ["json", "tried", "kv", "part"] as const;
    await Promise.all(kinds.map(kind => rm(this.#path(chatId, kind), { force: true }).catch(() => {})));
  }

  async #manifestOf(chatId: string): Promise<Manifest | null> {
    if (!safeName.test(chatId)) return null;
    const text = await readFile(this.#path(chatId, "json"), "utf8").catch(() => null);
    if (text === null) return null;
    const manifest = parseManifest(text);
    if (manifest?.load === this.#load) return manifest;
    await this.drop(chatId);
    return null;
  }

  async #isWhole(chatId: string, { stateBytes, sha256 }: Manifest): Promise<boolean> {
    const path = this.#path(chatId, "kv");
    const state = await stat(path).catch(() => null);
    return state?.size === stateBytes && (await sha256Of(path).catch(() => null)) === sha256;
  }

  #path(chatId: string, kind: "kv" | "json" | "part" | "tried"): string {
    return join(this.#folder, `${chatId}.${kind}`);
  }
}

function parseManifest(text: string): Manifest | null {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one.length === other.length && commonTokens(one, other) === one.length;
