import { expect, test } from "vitest";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { completionShape, streamedAnswer } from "./openai-answer";

async function* messages(): AsyncGenerator<GenerationMessage> {
  yield { type: "queued", position: 2 };
  yield { type: "queued", position: 1 };
  yield { type: "text", id: "c1", text: "Hello", tokens: 1, thought: false };
}

test("a waiting client reads its place in comments, and every other event is data", async () => {
  const head = { id: "cmpl-1", created: 1, model: "m.gguf" };
  const sent: string[] = [];
  for await (const event of streamedAnswer(messages(), head, completionShape, false)) sent.push(event);
  expect(sent.slice(0, 2)).toEqual([": queued 2\n\n", ": queued 1\n\n"]);
  expect(sent.slice(2).map(event => event.slice(0, "data: ".length))).toEqual(["data: ", "data: "]);
  expect(sent[2]).toContain('"text":"Hello"');
});
