import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { FinishReason, GenerationStats, TokenLogprob } from "@/lib/schema/generation";
import { cpuConfig, ForkedEngine, greedy } from "../testing/forked-engine";

const ask = (content: string): ChatTurn[] => [{ role: "user", content }];
const NOTE =
  "The quick fox looks at the lazy dog. The dog, who was asleep in the warm afternoon sun, did not move at all. After a while the fox came back with a friend.";
const copy = ask(`Repeat this text word for word, twice:\n\n${NOTE}`);
const usual = ask("Explain in detail how a sailing ship can move against the wind.");
const list = "Tuesday: soup\nWednesday: rice\nThursday: fish\n";

describe("speculation, on the CPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await engine.ready;
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, sequences: 2 } });
  });
  afterAll(() => engine.end());

  interface Written {
    readonly text: string;
    readonly reason: FinishReason;
    readonly logprobs: TokenLogprob[];
    readonly stats: GenerationStats;
  }
  type Question = { turns: ChatTurn[] } | { prompt: string };

  async function write(question: Question, speculate: boolean, sampling: Partial<Sampling> = {}): Promise<Written> {
    let text = "";
    const logprobs: TokenLogprob[] = [];
    const all = { ...greedy, maxTokens: 48, ...sampling };
    const { reason, stats } = await engine.askFor(
      "finished",
      "turns" in question
        ? { type: "generate", ...question, speculate, sampling: all }
        : { type: "complete", ...question, speculate, sampling: all },
      message => {
        if (message.type !== "text") return;
        text += message.text;
        logprobs.push(...(message.logprobs ?? []));
      },
    );
    return { text, reason, logprobs, stats };
  }

  const said = ({ text, reason, stats }: Written) => ({ text, reason, tokens: stats.generatedTokens });

  const rows: [string, Question, Partial<Sampling>][] = [
    ["a copied text, greedy", { turns: copy }, {}],
    ["a usual text, greedy", { turns: usual }, {}],
    ["a raw list, greedy", { prompt: list.repeat(4) }, {}],
    ["a copied text, with a seed", { turns: copy }, { temperature: 0.8, topP: 0.95, seed: 7 }],
    ["a raw list, with a seed", { prompt: list.repeat(4) }, { temperature: 1, seed: 11 }],
    ["a stop string", { prompt: list.repeat(4) }, { stop: ["Thursday: f"] }],
    ["a limit inside a draft", { prompt: list.repeat(4) }, { maxTokens: 13 }],
    ["a bias", { turns: copy }, { logitBias: [{ token: " dog", bias: null }] }],
    ["a grammar", { turns: copy }, { grammar: 'root ::= ("the " | "dog " | "fox ")+' }],
    [
      "a schema",
      { turns: ask(`List the days of this plan as JSON:\n${list}`) },
      { jsonSchema: { type: "array", items: { enum: ["Tuesday", "Wednesday", "Thursday"] }, maxItems: 8 } },
    ],
  ];

  it.each(rows)("writes the same as without: %s", async (_, question, sampling) => {
    const plain = await write(question, false, sampling);
    const fast = await write(question, true, sampling);
    expect(plain.stats.draft).toBeUndefined();
    expect(said(fast)).toEqual(said(plain));
  });

  it("takes several tokens in one step where the text repeats", async () => {
    const { stats } = await write({ prompt: list.repeat(6) }, true);
    expect(stats.draft?.right).toBeGreaterThan(stats.generatedTokens / 2);
  });

  it("gives the same probabilities as without", async () => {
    const sampling = { topLogprobs: 2, maxTokens: 24 };
    const plain = await write({ prompt: list.repeat(5) }, false, sampling);
    const fast = await write({ prompt: list.repeat(5) }, true, sampling);
    expect(fast.stats.draft?.right).toBeGreaterThan(0);
    expect(fast.logprobs.map(({ id }) => id)).toEqual(plain.logprobs.map(({ id }) => id));
    for (const [index, { logprob }] of fast.logprobs.entries())
      expect(logprob).toBeCloseTo(plain.logprobs[index]?.logprob ?? 0, 1);
  });

  it("makes no guesses with a penalty for repeating", async () => {
    const { stats } = await write({ prompt: list.repeat(4) }, true, { repeatPenalty: 1.1 });
    expect(stats.draft).toBeUndefined();
  });

  it("leaves the cache as an answer without guesses leaves it", async () => {
    const turns = [...copy];
    const first = await write({ turns }, true);
    const next: ChatTurn[] = [...turns, { role: "assistant", content: first.text }, ...ask("And then?")];
    const reused = await write({ turns: next }, true, { maxTokens: 16 });
    // All but what may join with the answer's last token.
    expect(reused.stats.cachedTokens).toBeGreaterThanOrEqual(
      first.stats.promptTokens + first.stats.generatedTokens - 3,
    );
    await write({ turns: usual }, false, { maxTokens: 4 });
    await write({ turns: ask("Name a colour.") }, false, { maxTokens: 4 });
    const fresh = await write({ turns: next }, false, { maxTokens: 16 });
    expect(reused.text).toBe(fresh.text);
  });

  it("ends when it is cancelled in the middle of a draft", async () => {
    let isCancelled = false;
    const cancelled = engine.askFor(
      "finished",
      { type: "complete", prompt: list.repeat(6), speculate: true, sampling: { ...greedy, maxTokens: 0 } },
      (message, id) => {
        if (message.type !== "text" || isCancelled) return;
        isCancelled = true;
        engine.cancel(id);
      },
    );
    expect((await cancelled).reason).toBe("cancelled");
    const plain = await write({ prompt: list.repeat(6) }, false, { maxTokens: 24 });
    expect(said(await write({ prompt: list.repeat(6) }, true, { maxTokens: 24 }))).toEqual(said(plain));
  });

  it("fills the context to its end without shifting it", async () => {
    const contextTokens = 256;
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, sequences: 2, contextTokens } });
    const { reason, stats } = await write({ prompt: list.repeat(8) }, true, {
      maxTokens: 0,
      logitBias: [{ token: 2, bias: null }],
    });
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, sequences: 2 } });
    expect(["context", "stop"]).toContain(reason);
    expect(stats.promptTokens + stats.generatedTokens).toBeLessThanOrEqual(contextTokens);
  });

  it("writes two answers side by side as it writes each alone", async () => {
    const questions: Question[] = [{ prompt: list.repeat(5) }, { prompt: `${NOTE} ${NOTE} ${NOTE}` }];
    const alone: Written[] = [];
    for (const question of questions) alone.push(await write(question, false, { maxTokens: 40 }));
    const together = await Promise.all(questions.map(question => write(question, true, { maxTokens: 40 })));
    expect(together.map(said)).toEqual(alone.map(said));
  });
});
