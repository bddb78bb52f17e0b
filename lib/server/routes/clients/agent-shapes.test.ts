import { afterEach, describe, expect, it, vi } from "vitest";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { serveHome } from "../testing/serve-home";

/*
 * What two coding agents send, whose requests are larger than those of chat programs. Sources: openai/codex, codex-rs/core and
 * codex-rs/tools (Responses API), and the requests of Claude Code 2.1 (Messages API), read in November 2026.
 */

const home = serveHome({ words: ["Done", "."] });
afterEach(() => vi.restoreAllMocks());

async function post(path: string, body: object) {
  const generate = vi.spyOn(home.services.host, "generate");
  const answer = await fetch(`${home.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "anthropic-beta": "claude-code-20250219,context-management-2025-06-27",
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, warning: answer.headers.get("warning"), text, asked: generate.mock.calls[0]?.[0] };
}

const eventsOf = (text: string): { type: string; [field: string]: unknown }[] =>
  [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? ""));

/** The engine calls this function. */
const calls = (name: string, given: object) =>
  vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
    const text = JSON.stringify(given);
    const half = Math.ceil(text.length / 2);
    const part = { id: "1", type: "tool-call", index: 0, callId: "call_1", name } as const;
    yield { ...part, arguments: text.slice(0, half) } as GenerationMessage;
    yield { ...part, arguments: text.slice(half) } as GenerationMessage;
    yield {
      id: "1",
      type: "finished",
      reason: "stop",
      stats: {
        promptTokens: 12,
        cachedTokens: 5,
        generatedTokens: 4,
        timeToFirstTokenMs: 1,
        tokensPerSecond: 10,
        prefillTokensPerSecond: 10,
        totalMs: 2,
      },
    } as GenerationMessage;
  });

const said = (role: string, text: string) => ({ type: "message", role, content: [{ type: "input_text", text }] });
const shell = {
  type: "function",
  name: "shell_command",
  description: "Runs a command.",
  strict: false,
  parameters: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
};
const patch = {
  type: "custom",
  name: "apply_patch",
  description: "Edits files.",
  format: { type: "grammar", syntax: "lark", definition: "start: begin_patch hunk+ end_patch" },
};
const group = { type: "namespace", name: "mcp__docs", description: "Docs", tools: [{ ...shell, name: "search" }] };

const codex = (more: object = {}) => ({
  model: "gpt-5.2-codex",
  instructions: "You are Codex.",
  input: [said("developer", "Ask before writing."), said("user", "Hi")],
  tools: [shell],
  tool_choice: "auto",
  parallel_tool_calls: true,
  reasoning: { effort: "medium", summary: "auto" },
  store: false,
  stream: true,
  include: ["reasoning.encrypted_content"],
  prompt_cache_key: "019b",
  text: { verbosity: "low" },
  ...more,
});

describe("Codex", () => {
  it("gets an answer without a warning", async () => {
    const { status, text, warning, asked } = await post("/v1/responses", codex());
    expect({ status, warning }).toEqual({ status: 200, warning: null });
    expect(eventsOf(text).at(-1)).toMatchObject({
      type: "response.completed",
      response: { usage: { total_tokens: expect.any(Number) } },
    });
    expect(asked?.turns).toEqual([
      { role: "system", content: "You are Codex." },
      { role: "system", content: "Ask before writing." },
      { role: "user", content: "Hi" },
    ]);
  });

  it("offers tools that take one text, and tools in groups, and does without those of OpenAI's service", async () => {
    const tools = [
      shell,
      patch,
      group,
      { type: "web_search", external_web_access: false },
      { type: "image_generation" },
    ];
    const { status, warning, asked } = await post("/v1/responses", codex({ tools }));
    expect(status).toBe(200);
    expect(warning).toContain("tools[3].web_search, tools[4].image_generation");
    expect(asked?.toolUse?.tools).toMatchObject([
      { name: "shell_command" },
      {
        name: "apply_patch",
        description: expect.stringContaining("begin_patch hunk+"),
        parameters: { required: ["input"] },
      },
      { name: "mcp__docs__search" },
    ]);
  });

  it.each([
    [
      "apply_patch",
      { input: "*** Begin Patch" },
      { type: "custom_tool_call", call_id: "call_1", name: "apply_patch", input: "*** Begin Patch" },
    ],
    [
      "mcp__docs__search",
      { command: "x" },
      { type: "function_call", namespace: "mcp__docs", name: "search", arguments: '{"command":"x"}' },
    ],
    [
      "local_shell",
      { command: ["ls"], timeout_ms: 9 },
      {
        type: "local_shell_call",
        call_id: "call_1",
        action: { type: "exec", command: ["ls"], timeout_ms: 9, working_directory: null },
      },
    ],
  ])("gets a call of %s in that tool's own words, whole and as a stream", async (name, given, item) => {
    calls(name, given);
    const request = codex({ tools: [patch, group, { type: "local_shell" }] });
    expect(JSON.parse((await post("/v1/responses", { ...request, stream: false })).text).output).toMatchObject([item]);
    calls(name, given);
    const events = eventsOf((await post("/v1/responses", request)).text);
    expect(events.filter(({ type }) => type === "response.output_item.done")).toMatchObject([{ item }]);
    expect(events.find(({ type }) => type === "response.custom_tool_call_input.done")?.input).toBe(
      "input" in item ? item.input : undefined,
    );
  });

  it("sends back what it did: thoughts, texts, calls of every kind and their results", async () => {
    const input = [
      said("user", "Hi"),
      { type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: null },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "I look." }], phase: "commentary" },
      { type: "local_shell_call", call_id: "c1", status: "completed", action: { type: "exec", command: ["ls"] } },
      { type: "function_call_output", call_id: "c1", output: "a.txt" },
      { type: "web_search_call", status: "completed", action: { type: "search", query: "x" } },
      { type: "custom_tool_call", call_id: "c2", name: "apply_patch", input: "*** Begin" },
      { type: "custom_tool_call_output", call_id: "c2", output: "Done" },
      { type: "function_call", namespace: "mcp__docs", name: "search", arguments: "{}", call_id: "c3" },
      { type: "function_call_output", call_id: "c3", output: [{ type: "input_text", text: "Found" }] },
      said("developer", "The user may be away."),
    ];
    const { status, asked } = await post("/v1/responses", codex({ input, instructions: "" }));
    expect(status).toBe(200);
    const used = (id: string, name: string, given: string) => [{ id, name, arguments: given }];
    expect(asked?.turns).toEqual([
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: "I look.",
        thought: "Hm.",
        toolCalls: used("c1", "local_shell", '{"command":["ls"]}'),
      },
      { role: "tool", content: "a.txt", callId: "c1" },
      { role: "assistant", content: "", toolCalls: used("c2", "apply_patch", '{"input":"*** Begin"}') },
      { role: "tool", content: "Done", callId: "c2" },
      { role: "assistant", content: "", toolCalls: used("c3", "mcp__docs__search", "{}") },
      { role: "tool", content: "Found", callId: "c3" },
      { role: "user", content: "The user may be away." },
    ]);
  });

  it.each([
    [{ type: "custom", name: "apply_patch" }, { name: "apply_patch" }],
    [{ type: "function", namespace: "mcp__docs", name: "search" }, { name: "mcp__docs__search" }],
    [{ type: "allowed_tools", mode: "required", tools: [{ type: "custom", name: "apply_patch" }] }, "required"],
  ])("chooses a tool by %j", async (tool_choice, choice) => {
    expect((await post("/v1/responses", codex({ tools: [patch, group], tool_choice }))).asked?.toolUse).toMatchObject({
      choice,
    });
  });
});

const block = (text: string) => ({ type: "text", text, cache_control: { type: "ephemeral" } });
const bash = {
  name: "Bash",
  description: "Runs.",
  input_schema: { type: "object", properties: { command: { type: "string" } } },
};
const claudeCode = (more: object = {}) => ({
  model: "claude-opus-4-6",
  max_tokens: 32_000,
  stream: true,
  system: [
    { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.278.abc; cc_entrypoint=cli; cch=ef01a;" },
    block("You are Claude Code."),
  ],
  messages: [{ role: "user", content: [{ type: "text", text: "<system-reminder/>" }, block("Hi")] }],
  tools: [bash],
  metadata: { user_id: "{}" },
  thinking: { type: "adaptive" },
  output_config: { effort: "medium" },
  ...more,
});

describe("Claude Code", () => {
  it("gets an answer, and its note to the service that bills it is not read", async () => {
    const { status, warning, asked } = await post("/v1/messages?beta=true", claudeCode());
    expect({ status, warning }).toEqual({ status: 200, warning: null });
    expect(asked?.turns).toEqual([
      { role: "system", content: "You are Claude Code." },
      { role: "user", content: "<system-reminder/>Hi" },
    ]);
  });

  it("is told that the service edits no context here", async () => {
    const edits = [{ type: "clear_thinking_20251015", keep: "all" }];
    const { status, warning } = await post("/v1/messages?beta=true", claudeCode({ context_management: { edits } }));
    expect({ status, warning }).toEqual({ status: 200, warning: '299 headroom "Ignored: context_management"' });
  });

  it("does without a search at Anthropic's service, but not where nothing else is offered", async () => {
    const search = { type: "web_search_20250305", name: "web_search", max_uses: 8 };
    const beside = await post("/v1/messages", claudeCode({ tools: [bash, search] }));
    expect(beside).toMatchObject({ status: 200, warning: expect.stringContaining("tools[1].web_search_20250305") });
    expect(beside.asked?.toolUse?.tools).toMatchObject([{ name: "Bash" }]);
    expect((await post("/v1/messages", claudeCode({ tools: [search] }))).status).toBe(400);
  });

  it("may end with words of the system", async () => {
    const messages = [
      { role: "user", content: "Hi" },
      { role: "system", content: "The mode has changed." },
    ];
    const { status, asked } = await post("/v1/messages", claudeCode({ messages, system: [] }));
    expect(status).toBe(200);
    expect(asked?.turns.at(-1)).toEqual({ role: "user", content: "The mode has changed." });
  });
});

describe("chat completions of other programs", () => {
  it.each([
    ["an empty message", [{ role: "user", content: "" }]],
    ["only words of the system", [{ role: "system", content: "Say hi." }]],
    [
      "an empty answer at the end, to be written into",
      [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "" },
      ],
    ],
    [
      "an answer without parts",
      [
        { role: "user", content: "Hi" },
        { role: "assistant", content: [] },
        { role: "user", content: "So?" },
      ],
    ],
    [
      "a result without words",
      [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c", content: null },
      ],
    ],
  ])("may have %s", async (_, messages) => {
    const { status, asked } = await post("/v1/chat/completions", { messages });
    expect(status).toBe(200);
    expect(asked?.turns.at(-1)?.role).not.toBe("assistant");
  });

  it("may describe the caller in any form", async () => {
    const request = { messages: [{ role: "user", content: "Hi" }], user: 12, metadata: { run: { id: 1 } } };
    expect(await post("/v1/chat/completions", request)).toMatchObject({ status: 200, warning: null });
  });
});
