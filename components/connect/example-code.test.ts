import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { chatCompletionRequestSchema } from "@/lib/schema/clients/openai";
import { exampleCode, NO_KEY } from "./example-code";

const hostile = {
  baseUrl: "http://127.0.0.1:3000/v1",
  model: `it's "q" $(x) \\ ü.gguf`,
  contextTokens: 4096,
  apiKey: NO_KEY,
};

describe("the examples", () => {
  it("a shell gives curl the address and a body that the API takes", context => {
    context.skip(process.platform === "win32", "Windows has no sh");
    const printed = exampleCode.curl(hostile).replace(/^curl/, "printf '%s\\n'");
    const [address, , , , body] = execFileSync("sh", ["-c", printed], { encoding: "utf8" }).split("\n");
    expect(address).toBe("http://127.0.0.1:3000/v1/chat/completions");
    expect(chatCompletionRequestSchema.parse(JSON.parse(body ?? ""))).toMatchObject({ model: hostile.model });
  });

  it("names of models are written as the language writes texts", () => {
    for (const language of ["python", "typescript"] as const)
      expect(exampleCode[language](hostile)).toContain(`"it's \\"q\\" $(x) \\\\ ü.gguf"`);
  });
});
