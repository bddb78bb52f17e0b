import { expect, test } from "vitest";
import { greedySampling } from "@/lib/schema/settings/sampling";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { answerParts } from "./answer-parts";
import type { AnswerRequest } from "./answer-request";

const text = (word: string): GenerationMessage => ({ type: "text", id: "c", text: word, tokens: 1, thought: false });
const request = (changes: Partial<AnswerRequest>): AnswerRequest => ({
  model: null,
  prompts: [{ kind: "text", text: "one" }],
  choicesPerPrompt: 1,
  sampling: greedySampling,
  ...changes,
});
const noChat = async function* (): AsyncGenerator<GenerationMessage> {};

test("numbers the choices prompt by prompt and gives each of a prompt's choices a seed of its own", async () => {
  const asked: [string, number][] = [];
  const host = {
    generate: noChat,
    complete: async function* ({ prompt, sampling }: { prompt: string | number[]; sampling: { seed: number } }) {
      asked.push([String(prompt), sampling.seed]);
      yield text(String(prompt));
    },
  };
  const parts = answerParts(
    host,
    request({
      prompts: [
        { kind: "text", text: "one" },
        { kind: "text", text: "two" },
      ],
      choicesPerPrompt: 2,
    }),
    new AbortController().signal,
    { caller: "someone" },
  );
  const choices: number[] = [];
  for await (const part of parts) choices.push(part.choice);
  expect(choices.toSorted()).toEqual([0, 1, 2, 3]);
  expect(asked).toEqual([
    ["one", 1],
    ["one", 2],
    ["two", 1],
    ["two", 2],
  ]);
});

test("a choice that fails ends the others, and so does a reader who leaves", async () => {
  const ended: boolean[] = [];
  const host = {
    generate: noChat,
    complete: async function* ({ prompt }: { prompt: string | number[] }, signal?: AbortSignal) {
      if (prompt === "bad") throw new Error("no");
      try {
        yield text(String(prompt));
        await new Promise(resolve => signal?.addEventListener("abort", resolve));
      } finally {
        ended.push(signal?.aborted ?? false);
      }
    },
  };
  const good = { kind: "text", text: "good" } as const;
  const read = async (bad: string) => {
    const prompts = [good, { kind: "text", text: bad }] as const;
    const { signal } = new AbortController();
    for await (const _ of answerParts(host, request({ prompts: [...prompts] }), signal, { caller: "x" })) {
      if (bad === "fine") return;
    }
  };
  await expect(read("bad")).rejects.toThrow("no");
  expect(ended).toEqual([true]);
  await read("fine");
  expect(ended).toEqual([true, true, true]);
});
