import { describe, expect, test } from "vitest";
import { blankMessage, type ChatImport } from "@/lib/schema/chat";
import { ChatFileError, parseChatFile } from "./chat-import";
import { blankChat } from "./chat-session";
import { shownBranch } from "./chat-tree";

const linesOf = (imported: ChatImport["chats"][number] | undefined): string[] =>
  shownBranch(imported?.messages ?? [], imported?.chat.headId ?? null).map(
    ({ message }) => `${message.role}: ${message.text}`,
  );

const chatGptNode = (id: string, parent: string | null, role: string, ...parts: unknown[]) => [
  id,
  {
    id,
    parent,
    children: [],
    message:
      role === ""
        ? null
        : { id, author: { role }, create_time: 1700000000.5, content: { content_type: "text", parts } },
  },
];

const chatGpt = JSON.stringify([
  {
    title: "Tides",
    create_time: 1700000000.5,
    update_time: 1700000100,
    current_node: "a2",
    mapping: Object.fromEntries([
      chatGptNode("root", null, ""),
      chatGptNode("sys", "root", "system", ""),
      chatGptNode("q1", "sys", "user", "Why tides?", { asset_pointer: "file://x" }),
      chatGptNode("a1", "q1", "assistant", "Let me look."),
      chatGptNode("t1", "a1", "tool", "42"),
      chatGptNode("a1b", "t1", "assistant", "The moon."),
      chatGptNode("q2", "a1b", "user", "And the sun?"),
      chatGptNode("a2", "q2", "assistant", "A little."),
      chatGptNode("a2b", "q2", "assistant", "Half as much."),
    ]),
  },
]);

const openWebUi = JSON.stringify([
  {
    id: "x",
    title: "Rain",
    created_at: 1700000000,
    updated_at: 1700000009,
    pinned: true,
    chat: {
      title: "Rain",
      models: ["llama"],
      history: {
        currentId: "m2",
        messages: {
          m1: { id: "m1", parentId: null, childrenIds: ["m2"], role: "user", content: "A poem", timestamp: 1700000001 },
          m2: {
            id: "m2",
            parentId: "m1",
            childrenIds: [],
            role: "assistant",
            content: "Rain, rain",
            timestamp: 1700000002,
          },
        },
      },
    },
  },
]);

describe("parseChatFile", () => {
  test("reads ChatGPT's tree: text only, tools passed over, an answer in pieces as one, versions kept", () => {
    const [imported] = parseChatFile(chatGpt);
    expect(imported?.chat).toMatchObject({ title: "Tides", createdAtMs: 1700000000500, updatedAtMs: 1700000100000 });
    expect(linesOf(imported)).toEqual([
      "user: Why tides?",
      "assistant: Let me look.\n\nThe moon.",
      "user: And the sun?",
      "assistant: A little.",
    ]);
    expect(imported?.messages.filter(({ text }) => text === "Half as much.").length).toBe(1);
  });

  test("reads Open WebUI's history", () => {
    const [imported] = parseChatFile(openWebUi);
    expect(imported?.chat).toMatchObject({ title: "Rain", pinned: true });
    expect(linesOf(imported)).toEqual(["user: A poem", "assistant: Rain, rain"]);
  });

  test("reads our own export as it is", () => {
    const message = blankMessage({ id: "m", parentId: null, role: "user", status: "complete", text: "Hi" });
    const own = { format: "headroom-chats", version: 1, chats: [{ chat: blankChat("c"), messages: [message] }] };
    expect(parseChatFile(JSON.stringify(own))).toEqual(own.chats);
  });

  test.each(["", "PK\u0003\u0004", "{}", "null", '[{"title": 1}]', '{"chats": [{"chat": {}}]}'])("refuses %j", text => {
    expect(() => parseChatFile(text)).toThrow(ChatFileError);
  });
});
