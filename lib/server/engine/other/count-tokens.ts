import * as z from "zod";
import type { EngineKind } from "@/lib/schema/answering-engine";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { askForJson, type ServerAddress } from "./ask-server";

/** The page asks again with each change of the draft; only what changed is asked of the server. */
const KEPT_COUNTS = 2_000;
const SILENCE_MS = 5_000;

/** What templates put around a turn: start, role, line break, end. */
const TOKENS_PER_TURN = 5;
/** English has about four letters a token, and other languages and code fewer. A prompt that is thought too long is only cut early. */
const BYTES_PER_TOKEN = 3.5;

export interface Counted {
  readonly tokensPerTurn: number[];
  readonly totalTokens: number;
  /** The server cannot count, so the figures are guesses from the length of the text. */
  readonly isAbout?: boolean;
}

const tokensSchema = z.object({ tokens: z.array(z.unknown()) }).transform(({ tokens }) => tokens.length);
const countSchema = z.object({ count: z.int().nonnegative() }).transform(({ count }) => count);

/** Counts with the server's own vocabulary where it has an address for that, and otherwise from the length of the text. */
export class TokenCounter {
  readonly #counts = new Map<string, number>();
  #isAbleTo = true;

  constructor(
    private readonly server: ServerAddress,
    private readonly kind: EngineKind,
    private readonly model: string,
  ) {}

  async count(turns: readonly ChatTurn[]): Promise<Counted> {
    const canAsk = this.kind === "llama-server" || this.kind === "vllm" || this.kind === "sglang";
    try {
      if (!canAsk || !this.#isAbleTo) return about(turns);
      const tokensPerTurn: number[] = [];
      for (const { content } of turns) tokensPerTurn.push(await this.#tokensOf(content));
      return { tokensPerTurn, totalTokens: total(tokensPerTurn) + TOKENS_PER_TURN * turns.length };
    } catch (error) {
      // A server without the address is not asked again; one that is away may come back.
      if (error instanceof Error && "code" in error && error.code !== "ENGINE_AWAY") this.#isAbleTo = false;
      return about(turns);
    }
  }

  async #tokensOf(text: string): Promise<number> {
    if (text === "") return 0;
    const known = this.#counts.get(text);
    if (known !== undefined) return known;
    const body =
      this.kind === "llama-server"
        ? { content: text, add_special: false }
        : { model: this.model, prompt: text, add_special_tokens: false };
    const schema = z.union([countSchema, tokensSchema]);
    const tokens = await askForJson(this.server, "/tokenize", { body, silenceMs: SILENCE_MS }, schema);
    const oldest = this.#counts.size >= KEPT_COUNTS ? this.#counts.keys().next() : null;
    if (oldest !== null && !oldest.done) this.#counts.delete(oldest.value);
    this.#counts.set(text, tokens);
    return tokens;
  }
}

function about(turns: readonly ChatTurn[]): Counted {
  const tokensPerTurn = turns.map(({ content }) => Math.ceil(Buffer.byteLength(content) / BYTES_PER_TOKEN));
  return { tokensPerTurn, totalTokens: total(tokensPerTurn) + TOKENS_PER_TURN * turns.length, isAbout: true };
}

const total = (tokens: readonly number[]): number => tokens.reduce((sum, count) => sum + count, 0);
