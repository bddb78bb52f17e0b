import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { GenerationStats, TokenLogprob } from "@/lib/schema/generation";
import { ForkedEngine, greedy } from "../testing/forked-engine";

const hi: ChatTurn[] = [
  { role: "system", content: "You are a helpful AI assistant named SmolLM, trained by Hugging Face" },
  { role: "user", content: "Hi" },
];
/** Tokens of the default model. */
const HELLO = 19556;
const HI = 26843;
const EXCLAMATION = 17;

describe("what is sampled", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = await ForkedEngine.onCpu();
  });
  afterAll(() => engine.end());

  interface Written {
    readonly text: string;
    readonly logprobs: TokenLogprob[];
    readonly prompts: string[];
    readonly stats: GenerationStats;
  }

  async function write(
    sampling: Partial<Sampling>,
    command: { turns: ChatTurn[]; reportPrompt?: boolean } | { prompt: string } = { turns: hi },
  ): Promise<Written> {
    const written = { text: "", logprobs: [] as TokenLogprob[], prompts: [] as string[] };
    const all = { ...greedy, ...sampling };
    const { stats } = await engine.askFor(
      "finished",
      "turns" in command
        ? { type: "generate", ...command, sampling: all }
        : { type: "complete", ...command, sampling: all },
      message => {
        if (message.type === "prompt") written.prompts.push(message.prompt);
        if (message.type !== "text") return;
        written.text += message.text;
        written.logprobs.push(...(message.logprobs ?? []));
      },
    );
    return { ...written, stats };
  }

  // The numbers are those of llama.cpp's own server for the same question, whatever its temperature.
  it.each([0, 0.8, 2])("each token has the model's own probability, at temperature %s", async temperature => {
    const { logprobs, text } = await write({ maxTokens: 2, topLogprobs: 2, temperature, topK: 1, seed: 3 });
    expect(text).toBe("Hello!");
    expect(logprobs.map(({ id, token }) => [id, token])).toEqual([
      [HELLO, "Hello"],
      [EXCLAMATION, "!"],
    ]);
    // Its kernels round differently.
    const near = (value: number | undefined, expected: number) =>
      expect(Math.abs((value ?? 0) - expected)).toBeLessThan(0.1);
    near(logprobs[0]?.logprob, -0.544);
    near(logprobs[1]?.logprob, -0.328);
    expect(logprobs[0]?.top.map(({ id }) => id)).toEqual([HELLO, HI]);
    near(logprobs[0]?.top[1]?.logprob, -2.394);
  });

  it("a plain completion has them too, and without asking there are none", async () => {
    const { logprobs, text } = await write({ maxTokens: 4, topLogprobs: 3 }, { prompt: "The capital of France is" });
    expect(logprobs.map(({ token }) => token).join("")).toBe(text);
    expect(logprobs[0]?.top).toHaveLength(3);
    expect((await write({ maxTokens: 2 })).logprobs).toEqual([]);
  });

  it("a bias forbids a token, by number or text, and makes another one certain", async () => {
    const without = await write({ maxTokens: 1, logitBias: [{ token: HELLO, bias: null }] });
    expect(without.text).toBe("Hi");
    expect((await write({ maxTokens: 1, logitBias: [{ token: "Hello", bias: -100 }] })).text).toBe("Hi");
    expect((await write({ maxTokens: 3, logitBias: [{ token: EXCLAMATION, bias: 100 }] })).text).toBe("!!!");
  });

  it("refuses a bias on a token that the model does not have", async () => {
    const message = await engine.ask({
      type: "generate",
      turns: hi,
      sampling: { ...greedy, logitBias: [{ token: 999_999, bias: 1 }] },
    });
    expect(message).toMatchObject({
      type: "error",
      code: "INVALID_INPUT",
      message: expect.stringContaining("no token 999999; it has 49152"),
    });
  });

  it("penalties keep a word from being said again", async () => {
    const again: Partial<Sampling> = { maxTokens: 24, logitBias: [{ token: EXCLAMATION, bias: 16 }] };
    expect((await write(again)).text).toBe("!".repeat(24));
    expect((await write({ ...again, frequencyPenalty: 2 })).text).not.toBe("!".repeat(24));
  });

  it("a character that is cut in its middle still counts as the token that it is", async () => {
    const emoji = { prompt: "Repeat: 😀 😀 😀 😀" };
    const { text, stats } = await write({ maxTokens: 1, grammar: 'root ::= "😀"+' }, emoji);
    expect(text).toBe("");
    expect(stats.generatedTokens).toBe(1);
  });

  it("tells the prompt as the model reads it, when asked", async () => {
    const { prompts } = await write({ maxTokens: 1 }, { turns: hi, reportPrompt: true });
    expect(prompts).toEqual([expect.stringContaining("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")]);
  });
});
