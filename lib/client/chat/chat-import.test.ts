import { describe, expect, test } from "vitest";
import { blankChat, blankMessage, type ImportedChat } from "@/lib/schema/chat";
import { ChatFileError, chatsInFile, type FileEntry } from "./chat-import";
import { shownBranch } from "./chat-tree";

async function entriesOf(...parts: BlobPart[]): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  for await (const entry of chatsInFile(new Blob(parts))) entries.push(entry);
  return entries;
}

async function chatsOf(...parts: BlobPart[]): Promise<ImportedChat[]> {
  return (await entriesOf(...parts)).flatMap(entry => (entry.kind === "chat" ? [entry.chat] : []));
}

const linesOf = (imported: ImportedChat | undefined): string[] =>
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

const ownChat = (id: string, text: string) => ({
  chat: blankChat(id),
  messages: [blankMessage({ id: `${id}-q`, parentId: null, role: "user", status: "complete", text })],
});

/** One conversation of ChatGPT with these messages in a row. */
const chatGptRow = (title: string, ...messages: unknown[]) => ({
  title,
  conversation_id: "0b5a3c1e-9c3f-4a53-8d52-4f6d1c0f7a11",
  create_time: "2023-11-14T22:13:20Z",
  update_time: 1700000100000,
  mapping: Object.fromEntries(
    messages.map((message, index) => [
      `n${index}`,
      { id: `n${index}`, parent: index ? `n${index - 1}` : null, message },
    ]),
  ),
});
const said = (role: string, content: unknown, more: object = {}) => ({ author: { role }, content, ...more });
const plain = (...parts: unknown[]) => ({ content_type: "text", parts });

describe("chatsInFile", () => {
  test("reads ChatGPT's tree: tools passed over, an answer in pieces as one, versions kept", async () => {
    const [imported] = await chatsOf(chatGpt);
    expect(imported?.chat).toMatchObject({ title: "Tides", createdAtMs: 1700000000500, updatedAtMs: 1700000100000 });
    expect(linesOf(imported)).toEqual([
      "user: Why tides?",
      "assistant: Let me look.\n\nThe moon.",
      "user: And the sun?",
      "assistant: A little.",
    ]);
    expect(imported?.messages.filter(({ text }) => text === "Half as much.").length).toBe(1);
  });

  test("counts the picture and the tool output that have no text here", async () => {
    expect(await entriesOf(chatGpt)).toMatchObject([{ kind: "chat", leftOut: 2 }]);
  });

  test("reads Open WebUI's history", async () => {
    const [imported] = await chatsOf(openWebUi);
    expect(imported?.chat).toMatchObject({ title: "Rain", pinned: true });
    expect(linesOf(imported)).toEqual(["user: A poem", "assistant: Rain, rain"]);
  });

  test("reads our own export as it is, also with a byte order mark and in small pieces", async () => {
    const chats = [ownChat("a", "Hi"), ownChat("b", "Grüße 👋🏽")];
    const text = JSON.stringify({ format: "headroom-chats", version: 1, exportedAtMs: 1, chats });
    const expected = chats.map(chat => ({ kind: "chat", chat: { ...chat, continues: false }, leftOut: 0 }));
    expect(await entriesOf(text)).toEqual(expected);
    expect(await entriesOf("\uFEFF", ...text)).toEqual(expected);
  });

  test("keeps the id of another program's chat, by which a second import knows it", async () => {
    const text = JSON.stringify([chatGptRow("A", said("user", plain("Hi")))]);
    const [first] = await chatsOf(text);
    expect(first?.chat.id).toBe("0b5a3c1e-9c3f-4a53-8d52-4f6d1c0f7a11");
    expect((await chatsOf(text))[0]?.messages).toEqual(first?.messages);
  });

  test("takes dates as seconds, milliseconds or text", async () => {
    const [imported] = await chatsOf(JSON.stringify([chatGptRow("A", said("user", plain("Hi")))]));
    expect(imported?.chat).toMatchObject({ createdAtMs: 1700000000000, updatedAtMs: 1700000100000 });
  });

  test("takes what it can of odd conversations, and lists the others", async () => {
    const entries = await entriesOf(
      JSON.stringify([
        chatGptRow("No content", said("user", null)),
        chatGptRow("No parts", said("user", { content_type: "text", parts: null }), said("assistant", plain("There."))),
        { title: "No tree", mapping: null },
        "a word",
        chatGptRow("Broken node", 7, said("user", plain("Whole")), said("assistant", plain("Yes \uD800."))),
      ]),
    );
    expect(
      entries.map(entry => (entry.kind === "chat" ? linesOf(entry.chat) : `${entry.title}: ${entry.reason}`)),
    ).toEqual([
      "No content: It has no text.",
      ["assistant: There."],
      "No tree: It is not a conversation as ChatGPT writes it.",
      "A chat without a title: It is not a conversation.",
      ["user: Whole", "assistant: Yes \uFFFD."],
    ]);
  });

  test("keeps the program a model wrote and what it printed", async () => {
    const code = { content_type: "code", language: "unknown", text: 'print("```")' };
    const printed = { content_type: "execution_output", text: "```\n" };
    const [imported] = await chatsOf(
      JSON.stringify([
        chatGptRow(
          "Code",
          said("user", plain("Print a fence")),
          said("assistant", code, { recipient: "python" }),
          said("tool", printed),
          said("assistant", plain("Done.")),
        ),
      ]),
    );
    expect(linesOf(imported)).toEqual([
      "user: Print a fence",
      'assistant: ````python\nprint("```")\n````\n\n````\n```\n````\n\nDone.',
    ]);
  });

  test("cuts a long title between two characters", async () => {
    const [imported] = await chatsOf(JSON.stringify([chatGptRow(`${"a".repeat(199)}👋🏽`, said("user", plain("Hi")))]));
    expect(imported?.chat.title).toBe("a".repeat(199));
  });

  test("gives the chats before the damage, then says that the file is damaged", async () => {
    const text = JSON.stringify({ version: 1, chats: [ownChat("a", "Hi"), ownChat("b", "Ho")] });
    const entries = chatsInFile(new Blob([text.slice(0, -20)]));
    expect((await entries.next()).value).toMatchObject({ kind: "chat", chat: { chat: { id: "a" } } });
    await expect(entries.next()).rejects.toThrow("The file is damaged or cut off.");
  });

  test("names the field of our own chat that is wrong", async () => {
    const bad = { ...ownChat("a", "Hi"), messages: [{ id: "x" }] };
    expect(await entriesOf(JSON.stringify({ chats: [bad, ownChat("b", "Ho")] }))).toMatchObject([
      { kind: "refused", title: "New chat", reason: expect.stringContaining("messages.0.") as string },
      { kind: "chat" },
    ]);
  });

  test("refuses the file of a newer Headroom", async () => {
    await expect(entriesOf('{"format": "headroom-chats", "version": 2, "chats": []}')).rejects.toThrow(
      "A newer Headroom wrote this file (version 2).",
    );
  });

  test.each(["", "PK\u0003\u0004", "{}", "null", '[{"title": 1}]', '{"chats": [{"chat": {}}]}', "[", '{"a'])(
    "refuses %j",
    async text => {
      await expect(entriesOf(text)).rejects.toThrow(ChatFileError);
    },
  );
});
