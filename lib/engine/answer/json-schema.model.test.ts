import { afterAll, beforeAll, describe, expect, it } from "vitest";
import llamaCases from "@/lib/json-grammar/testing/llama-cases.json" with { type: "json" };
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { ForkedEngine, greedy } from "../testing/forked-engine";

const question: ChatTurn = { role: "user", content: "Describe a person." };

describe("answers to a JSON schema", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = await ForkedEngine.onCpu();
  });
  afterAll(() => engine.end());

  async function answer(jsonSchema: unknown, seed: number, maxTokens: number) {
    const sampling = { ...greedy, temperature: 1.2, seed, maxTokens, jsonSchema };
    let text = "";
    const { reason } = await engine.askFor("finished", { type: "generate", turns: [question], sampling }, message => {
      if (message.type === "text") text += message.text;
    });
    return { text, reason };
  }

  const refused = ["string array", "nullable string array", "array with empty items and prefixItems"];
  it("loads the grammar of each schema in llama.cpp's own tests", async () => {
    for (const { name, schema, grammar } of llamaCases) {
      if (grammar === null || refused.includes(name) || name.startsWith("unsupported")) continue;
      const { reason } = await answer(schema, 1, 1);
      expect(["length", "stop"], name).toContain(reason);
    }
  });

  // The engine checks a finished answer itself, with ajv: a wrong one would be an error.
  it.each<[string, object]>([
    ["number between limits", { type: "number", minimum: -0.5, exclusiveMaximum: 1.25 }],
    ["integer from 105", { type: "integer", minimum: 105 }],
    ["date and time", { type: "string", format: "date-time" }],
    ["e-mail", { type: "string", format: "email" }],
    ["pattern", { type: "string", pattern: '^"\\d{3}-[^"]{1,9}"$' }],
    ["tuple", { type: "array", prefixItems: [{ type: "boolean" }, { type: "null" }], items: false }],
    [
      "object with everything",
      {
        type: "object",
        properties: {
          name: { type: "string", minLength: 2, maxLength: 9 },
          age: { type: "integer", minimum: 0, maximum: 120 },
          pets: { type: "array", items: { enum: ["cat", "dog"] }, maxItems: 2 },
        },
        required: ["name", "age"],
        additionalProperties: false,
      },
    ],
  ])("are valid or cut by the length: %s", async (_, schema) => {
    const answers = await Promise.all([1, 2, 3].map(seed => answer(schema, seed, 90)));
    const whole = answers.filter(({ reason }) => reason === "stop");
    for (const { text } of whole) expect(() => JSON.parse(text)).not.toThrow();
    expect(answers.every(({ reason }) => reason === "stop" || reason === "length")).toBe(true);
    expect(whole.length).toBeGreaterThan(0);
  });

  it("says that the length cut an answer", async () => {
    const { reason } = await answer({ type: "string", minLength: 200 }, 1, 8);
    expect(reason).toBe("length");
  });
});
