import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ForkedEngine, greedy } from "../testing/forked-engine";

/** The vocabulary of the bundled model: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/raw/main/tokenizer.json */
describe("the tokens of the real model", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = await ForkedEngine.onCpu();
  });
  afterAll(() => engine.end());

  const tokenize = (parts: (string | number)[], options: { addSpecial?: boolean; parseSpecial?: boolean } = {}) =>
    engine.askFor("tokenized", {
      type: "tokenize",
      parts,
      addSpecial: false,
      parseSpecial: true,
      withPieces: true,
      ...options,
    });

  it("come back as the same text", async () => {
    const text = "What is the capital of France? 媽 and 🤗";
    const { tokens, pieces } = await tokenize([text]);
    expect(await engine.askFor("detokenized", { type: "detokenize", tokens })).toMatchObject({ text });
    const bytes = (pieces ?? []).flatMap(piece => (typeof piece === "string" ? [...Buffer.from(piece)] : piece));
    expect(Buffer.from(bytes).toString("utf8")).toBe(text);
    expect(pieces?.some(piece => typeof piece !== "string")).toBe(true);
  });

  it("read special text as one token or as text", async () => {
    expect((await tokenize(["<|im_start|>"])).tokens).toEqual([1]);
    expect((await tokenize(["<|im_start|>"], { parseSpecial: false })).tokens.length).toBeGreaterThan(1);
    expect((await tokenize([1, "user"])).tokens[0]).toBe(1);
  });

  it("are refused where the vocabulary has none", async () => {
    for (const token of [-1, 49_152])
      await expect(engine.ask({ type: "detokenize", tokens: [token] })).resolves.toMatchObject({
        type: "error",
        code: "INVALID_INPUT",
        message: `The vocabulary has the tokens 0 to 49151, not ${token}.`,
      });
  });

  it("fill in a middle only where the vocabulary can, and read a prompt as its text does", async () => {
    const sampling = { ...greedy, maxTokens: 4 };
    const described = await engine.askFor("described", { type: "describe" });
    const answer = await engine.ask({ type: "complete", prompt: "def f(", suffix: "return 1", sampling });
    expect(answer.type).toBe(described.canInfill ? "finished" : "error");
    const tokens = (await tokenize(["Once upon"])).tokens;
    const [asText, asTokens] = await Promise.all([
      engine.askFor("finished", { type: "complete", prompt: "Once upon", sampling }),
      engine.askFor("finished", { type: "complete", prompt: tokens, sampling }),
    ]);
    expect(asTokens.stats.promptTokens).toBe(asText.stats.promptTokens);
  });

  it("show the prompt that a conversation makes, in ChatML", async () => {
    const turns = [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content: "Hi" },
    ];
    const { prompt } = await engine.askFor("rendered", { type: "render", turns });
    // The vocabulary's first token is <|im_start|> here as well, and must not stand there twice.
    expect(prompt).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
    expect(await engine.askFor("described", { type: "describe" })).toMatchObject({ bosText: "<|im_start|>" });
  });
});
