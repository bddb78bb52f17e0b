import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { cpuConfig, ForkedEngine, greedy } from "../testing/forked-engine";

const SEQUENCES = 4;
const question = (topic: string): ChatTurn => ({ role: "user", content: `Write a long story about ${topic}.` });
const topics = ["a lighthouse keeper", "a fox in the snow", "the first train", "an old clock"];

describe("answers side by side, on the CPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await engine.ready;
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, sequences: SEQUENCES } });
  });
  afterAll(() => engine.end());

  const ask = (turns: ChatTurn[], maxTokens: number, onText: (text: string, id: string) => void, cacheKey?: string) =>
    engine.askFor(
      "finished",
      { type: "generate", turns, sampling: { ...greedy, maxTokens }, cacheKey },
      (message, id) => {
        if (message.type === "text") onText(message.text, id);
      },
    );

  it("writes as many answers at once as the context has sequences", async () => {
    const order: number[] = [];
    const answers = await Promise.all(
      topics.map((topic, index) => ask([question(topic)], 48, () => order.push(index), topic)),
    );
    expect(answers.map(({ reason, stats }) => [reason, stats.generatedTokens])).toEqual(
      topics.map(() => ["length", 48]),
    );
    // Every answer had begun before the first one ended.
    const firstEnd = Math.min(...topics.map((_, index) => order.lastIndexOf(index)));
    expect(new Set(order.slice(0, firstEnd))).toEqual(new Set([0, 1, 2, 3]));
  });

  it("begins a later answer beside the one in progress, on a sequence that held another prompt", async () => {
    for (const topic of topics) await ask([question(`${topic} in brief`)], 2, () => {});
    const order: string[] = [];
    let later: Promise<unknown> | undefined;
    await ask([question("the sea")], 96, () => {
      order.push("first");
      later ??= ask([question("the mountains")], 4, () => order.push("later"));
    });
    await later;
    expect(order.indexOf("later")).toBeGreaterThan(0);
    expect(order.indexOf("later")).toBeLessThan(order.lastIndexOf("first"));
  });

  it("keeps a chat's prefix although other clients ask meanwhile", async () => {
    const turns = [question("a chat of its own")];
    const { stats: first } = await ask(turns, 4, () => {}, "chat");
    for (const topic of topics) await ask([question(`${topic} again`)], 4, () => {});
    const again = await ask([...turns, { role: "assistant", content: "Once." }, question("more")], 4, () => {}, "chat");
    // All but the token that ends the prompt's last line, which may join with the answer's first.
    expect(again.stats.cachedTokens).toBeGreaterThanOrEqual(first.promptTokens - 2);
  });

  it("keeps the prefixes of two chats that are answered at once, beside other clients and after them", async () => {
    const talks = ["one", "two"].map(name => ({ name, turns: [question(`a talk about the ${name} of them`)] }));
    const answers = (moreTurns: ChatTurn[]) =>
      talks.map(({ name, turns }) => ask([...turns, ...moreTurns], 8, () => {}, name));
    const others = () => topics.slice(2).map(topic => ask([question(`${topic} once more`)], 8, () => {}));
    const first = await Promise.all([...answers([]), ...others()]);
    for (const topic of topics) await ask([question(`${topic}, and briefly`)], 4, () => {});
    const again = await Promise.all([
      ...answers([{ role: "assistant", content: "Once." }, question("more")]),
      ...others(),
    ]);
    for (const chat of [0, 1])
      expect(again[chat]?.stats.cachedTokens).toBeGreaterThanOrEqual((first[chat]?.stats.promptTokens ?? 0) - 2);
  });

  it("copies the beginning that clients share from one sequence to the next, and answers as without", async () => {
    const system: ChatTurn = {
      role: "system",
      content: "You answer like a sailor who has seen every port of the world.",
    };
    const answer = async (turns: ChatTurn[]) => {
      let text = "";
      const { stats } = await ask(turns, 16, piece => {
        text += piece;
      });
      return { text, ...stats };
    };
    const turns = [system, question("the harbour")];
    const computed = await answer(turns);
    await answer([system, question("an island")]);
    const shared = await answer([system, question("a gull")]);
    expect(shared.cachedTokens).toBeGreaterThan(16);
    expect(shared.cachedTokens).toBeLessThan(shared.promptTokens - 2);
    // Every sequence is used by something else, and the first question comes again: with the beginning copied.
    for (const topic of topics) await ask([question(topic)], 4, () => {});
    await answer([system, question("a whale")]);
    const again = await answer(turns);
    expect(again.cachedTokens).toBeGreaterThan(16);
    expect(again.text).toBe(computed.text);
  });

  it("counts, tokenizes and renders while answers are written, and disturbs none of them", async () => {
    const turns = [question("a quiet evening")];
    const ended: string[] = [];
    let counting: Promise<unknown> | null = null;
    const onText = () => {
      counting ??= Promise.all([
        engine.askFor("counted", { type: "count", turns }),
        engine.askFor("rendered", { type: "render", turns }),
        engine.askFor("detokenized", { type: "detokenize", tokens: [1] }),
      ]).then(() => ended.push("counted"));
    };
    const answers = await Promise.all(
      topics.map(async topic => {
        const answer = await ask([question(`${topic} at night`)], 48, onText);
        ended.push("answer");
        return answer;
      }),
    );
    await counting;
    expect(ended[0]).toBe("counted");
    expect(answers.map(({ stats }) => stats.generatedTokens)).toEqual([48, 48, 48, 48]);
  });

  it("ends one answer without disturbing the others", async () => {
    let isCancelled = false;
    const cancelled = ask([question("the sea")], 0, (_text, id) => {
      if (!isCancelled) engine.cancel(id);
      isCancelled = true;
    });
    const others = topics.slice(1).map(topic => ask([question(topic)], 24, () => {}));
    expect((await cancelled).reason).toBe("cancelled");
    expect((await Promise.all(others)).map(({ stats }) => stats.generatedTokens)).toEqual([24, 24, 24]);
  });

  it("computes all tokens with threads that stay, instead of new ones for each token", async context => {
    context.skip(process.platform !== "linux", "this system has no /proc");
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, threads: 2 } });
    const threads: string[][] = [];
    await ask([question("the sea")], 96, () => threads.push(readdirSync(`/proc/${engine.pid}/task`)));
    const [first = [], ...later] = threads;
    const begun = new Set(later.flat().filter(thread => !first.includes(thread)));
    // One, if other programs left only one core at first.
    expect(begun.size).toBeLessThanOrEqual(1);
    expect(later.length).toBeGreaterThan(2);
  });

  it("waits with a load until the answers in progress have ended", async () => {
    const ended: string[] = [];
    const answers = topics.map(topic => ask([question(topic)], 24, () => {}).then(() => ended.push("answer")));
    const load = engine.askFor("loaded", { type: "load", config: cpuConfig }).then(() => ended.push("load"));
    await Promise.all([...answers, load]);
    expect(ended).toEqual(["answer", "answer", "answer", "answer", "load"]);
  });
});
