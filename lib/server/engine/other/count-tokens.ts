import * as z from "zod";
import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import type { EngineKind } from "@/lib/schema/engines/answering-engine";
import { keepLatest } from "@/lib/units/keep-latest";
import { askForJson, type ServerAddress, whoOf } from "./ask-server";
import { promptOf } from "./server-request";

/** The page asks again with each change of the draft; only what changed is asked of the server. */
const KEPT_COUNTS = 2_000;
const SILENCE_MS = 5_000;

/** What templates put around a turn: start, role, line break, end. */
const TOKENS_PER_TURN = 5;
/** English has about four letters a token, and other languages and code fewer. A prompt that is thought too long is only cut early. */
const BYTES_PER_TOKEN = 3.5;

/** No server counts pictures. They are 256 for Gemma 3, 576 for LLaVA, and more with the size of the picture for others. */
const PICTURE_TOKENS = 1024;

export interface Counted {
  readonly tokensPerTurn: number[];
  readonly totalTokens: number;
  /** The server cannot count, so the figures are guesses from the length of the text. */
  readonly isAbout?: boolean;
}

const tokensSchema = z.object({ tokens: z.array(z.unknown()) }).transform(({ tokens }) => tokens.length);
const renderedSchema = z.object({ prompt: z.string() });
const countSchema = z.object({ count: z.int().nonnegative() }).transform(({ count }) => count);
const tokenCountSchema = z.union([countSchema, tokensSchema]);

/** Counts with the server's own vocabulary where it has an address for that, and otherwise from the length of the text. */
export class TokenCounter {
  readonly #counts = new Map<string, number>();
  #isAbleTo = true;

  constructor(
    private readonly server: ServerAddress,
    private readonly kind: EngineKind,
    private readonly model: string,
  ) {}

  async count(turns: readonly ChatTurn[], options: PromptOptions = {}): Promise<Counted> {
    const canAsk = this.kind === "llama-server" || this.kind === "vllm" || this.kind === "sglang";
    try {
      if (!canAsk || !this.#isAbleTo) return about(turns, options);
      const tokensPerTurn: number[] = [];
      for (const turn of turns) tokensPerTurn.push((await this.#tokensOf(textOf(turn))) + pictureTokens([turn]));
      const totalTokens = await this.#total(tokensPerTurn, turns, options);
      return { tokensPerTurn, totalTokens, ...(pictureTokens(turns) > 0 && { isAbout: true }) };
    } catch (error) {
      // A server without the address is not asked again; one that is away may come back.
      if (error instanceof Error && "code" in error && error.code !== "ENGINE_AWAY") this.#isAbleTo = false;
      return about(turns, options);
    }
  }

  /** The template decides how turns and tools are written, and may add words of its own, so the server counts the whole prompt if it can. */
  async #total(tokensPerTurn: readonly number[], turns: readonly ChatTurn[], options: PromptOptions): Promise<number> {
    const texts = turns.map(turn => (turn.role === "user" ? { role: turn.role, content: turn.content } : turn));
    const prompt = promptOf({ turns: texts, ...options }, this.kind, whoOf(this.server));
    const whole = await this.#tokensOfPrompt(prompt).catch(() => null);
    if (whole !== null) return whole + pictureTokens(turns);
    return total(tokensPerTurn) + TOKENS_PER_TURN * turns.length + (await this.#tokensOf(toolText(options)));
  }

  async #tokensOfPrompt(prompt: object): Promise<number | null> {
    const question = { body: { model: this.model, ...prompt }, silenceMs: SILENCE_MS };
    if (this.kind === "vllm") return askForJson(this.server, "/tokenize", question, tokenCountSchema);
    if (this.kind !== "llama-server") return null;
    const rendered = await askForJson(this.server, "/apply-template", question, renderedSchema);
    const body = { content: rendered.prompt, add_special: true };
    return askForJson(this.server, "/tokenize", { body, silenceMs: SILENCE_MS }, tokenCountSchema);
  }

  async #tokensOf(text: string): Promise<number> {
    if (text === "") return 0;
    const known = this.#counts.get(text);
    if (known !== undefined) return known;
    const body =
      this.kind === "llama-server"
        ? { content: text, add_special: false }
        : { model: this.model, prompt: text, add_special_tokens: false };
    const tokens = await askForJson(this.server, "/tokenize", { body, silenceMs: SILENCE_MS }, tokenCountSchema);
    keepLatest(this.#counts, text, tokens, KEPT_COUNTS);
    return tokens;
  }
}

/** What an assistant called is part of its turn. */
const textOf = (turn: ChatTurn): string =>
  turn.role === "assistant" && turn.toolCalls !== undefined
    ? `${turn.content}${JSON.stringify(turn.toolCalls)}`
    : turn.content;

const pictureTokens = (turns: readonly ChatTurn[]): number =>
  total(turns.map(turn => PICTURE_TOKENS * (turn.role === "user" ? (turn.pictures?.length ?? 0) : 0)));

const toolText = ({ toolUse }: PromptOptions): string => (toolUse === undefined ? "" : JSON.stringify(toolUse.tools));

function about(turns: readonly ChatTurn[], options: PromptOptions): Counted {
  const guess = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
  const tokensPerTurn = turns.map(turn => guess(textOf(turn)) + pictureTokens([turn]));
  const totalTokens = total(tokensPerTurn) + TOKENS_PER_TURN * turns.length + guess(toolText(options));
  return { tokensPerTurn, totalTokens, isAbout: true };
}

const total = (tokens: readonly number[]): number => tokens.reduce((sum, count) => sum + count, 0);
