import { generateText, streamText } from "ai";
import { expect, test } from "vitest";
import { ScriptedChatEngine } from "@/lib/server/testing/scripted-chat-engine";
import { engineLanguageModel } from "./engine-language-model";

const modelOf = (engine: ScriptedChatEngine) => engineLanguageModel({ engine, modelId: "scripted" });

test("the SDK's call becomes one request: turns, sampling, and what the SDK has no name for", async () => {
  const engine = new ScriptedChatEngine();
  engine.say("Fine.");
  engine.finish();
  await generateText({
    model: modelOf(engine),
    system: "Be brief.",
    messages: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi" },
      {
        role: "user",
        content: [
          { type: "text", text: "How are " },
          { type: "text", text: "you?" },
        ],
      },
    ],
    temperature: 0.3,
    topK: 7,
    topP: 0.5,
    seed: 11,
    maxOutputTokens: 99,
    stopSequences: ["END"],
    providerOptions: { headroom: { minP: 0.2, repeatPenalty: 1.3, grammar: 'root ::= "a"', cacheKey: "chat-1" } },
  });
  expect(engine.calls).toEqual([
    {
      turns: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
        { role: "user", content: "How are you?" },
      ],
      sampling: {
        temperature: 0.3,
        topK: 7,
        topP: 0.5,
        minP: 0.2,
        repeatPenalty: 1.3,
        seed: 11,
        maxTokens: 99,
        stop: ["END"],
        grammar: 'root ::= "a"',
      },
      cacheKey: "chat-1",
    },
  ]);
});

test("thoughts arrive as reasoning, the rest as text, with the engine's own counts", async () => {
  const engine = new ScriptedChatEngine();
  engine.say("hm ", true);
  engine.say("so", true);
  engine.say("Yes");
  engine.say(", indeed.");
  engine.finish("length", { promptTokens: 20, cachedTokens: 15, generatedTokens: 4 });
  const result = streamText({ model: modelOf(engine), prompt: "Is it?" });
  expect(await result.text).toBe("Yes, indeed.");
  expect(await result.reasoningText).toBe("hm so");
  expect(await result.finishReason).toBe("length");
  expect(await result.usage).toMatchObject({ inputTokens: 20, cachedInputTokens: 15, outputTokens: 4 });
});

test("a failure of the engine reaches the caller as it is", async () => {
  const engine = new ScriptedChatEngine();
  const failure = new Error("the engine is gone");
  engine.say("half");
  engine.crash(failure);
  const errors: unknown[] = [];
  const result = streamText({ model: modelOf(engine), prompt: "Go", onError: ({ error }) => void errors.push(error) });
  await result.consumeStream();
  expect(errors).toEqual([failure]);
});

test("a schema given as text reaches the engine as JSON", async () => {
  const engine = new ScriptedChatEngine();
  engine.finish();
  const schema = { type: "object", properties: { name: { type: "string" } } };
  const options = { headroom: { jsonSchema: JSON.stringify(schema) } };
  await streamText({ model: modelOf(engine), prompt: "Go", providerOptions: options }).consumeStream();
  expect(engine.calls[0]?.sampling.jsonSchema).toEqual(schema);
});
