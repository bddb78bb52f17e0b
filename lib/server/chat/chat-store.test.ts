import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blankMessage, type ChatImport, type ChatMessage, chatImportSchema } from "@/lib/schema/chat";
import { chatJson, chatMarkdown, chatsJson, downloadHeaders } from "./chat-export";
import { saveImportedChats } from "./chat-import";
import { ChatStore } from "./chat-store";

let folder: string;
let store: ChatStore;
let nowMs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chat-store-"));
  nowMs = 1_000;
  store = new ChatStore({ filePath: join(folder, "chats.db"), now: () => nowMs });
});

afterEach(() => {
  store.close();
});

const message = (id: string, parentId: string | null, role: "user" | "assistant", text: string): ChatMessage =>
  blankMessage({ id, parentId, role, text, status: "complete", createdAtMs: 1_000 });

function filled(id: string, question: string, answer: string): void {
  store.create({ id });
  store.addExchange(id, message(`${id}-q`, null, "user", question), message(`${id}-a`, `${id}-q`, "assistant", answer));
}

describe("the tree", () => {
  test("gives the branch of any leaf, from the first message on", () => {
    filled("c", "one", "two");
    store.addExchange("c", message("q2", "c-a", "user", "three"), message("a2", "q2", "assistant", "four"));
    store.addExchange("c", message("q2b", "c-a", "user", "drei"), message("a2b", "q2b", "assistant", "vier"));
    expect(store.branch("c", "a2").map(({ text }) => text)).toEqual(["one", "two", "three", "four"]);
    expect(store.branch("c", "a2b").map(({ text }) => text)).toEqual(["one", "two", "drei", "vier"]);
    expect(store.read("c").headId).toBe("a2b");
  });

  test("refuses a head of another chat", () => {
    filled("c", "one", "two");
    filled("d", "one", "two");
    expect(() => store.patch("c", { headId: "d-a" })).toThrow(expect.objectContaining({ code: "NOT_FOUND" }) as Error);
  });

  test("takes an edited answer as a version beside the old one", () => {
    filled("c", "one", "two");
    store.addEditedReply("c", { id: "e", parentId: "c-q", role: "assistant", text: "zwei" });
    expect(store.branch("c", store.read("c").headId).map(({ text }) => text)).toEqual(["one", "zwei"]);
    expect(store.message("c", "c-a").text).toBe("two");
  });
});

describe("the list", () => {
  test("has pinned chats first, then the latest", () => {
    for (const id of ["a", "b", "c"]) {
      nowMs += 1000;
      filled(id, id, id);
    }
    store.patch("a", { pinned: true });
    expect(store.list().map(({ id }) => id)).toEqual(["a", "c", "b"]);
  });

  test("changes only what a patch names", () => {
    filled("c", "one", "two");
    store.patch("c", { title: "Mine", sampling: { temperature: 0.1 } });
    store.patch("c", { folder: "Work" });
    expect(store.read("c")).toMatchObject({
      title: "Mine",
      titleSource: "user",
      folder: "Work",
      sampling: { temperature: 0.1 },
    });
    store.retitle("c", "Made by us");
    expect(store.read("c").title).toBe("Mine");
  });

  test("brings a deleted chat back whole until it is erased", () => {
    filled("c", "one", "two");
    store.remove("c");
    expect(store.list()).toEqual([]);
    expect(store.search("one", 9)).toEqual([]);
    expect(store.patch("c", { deleted: false }).id).toBe("c");
    expect(store.messages("c").length).toBe(2);
    store.remove("c");
    store.purgeDeleted(nowMs + 1);
    expect(() => store.patch("c", { deleted: false })).toThrow(expect.objectContaining({ code: "NOT_FOUND" }) as Error);
    expect(store.hasMessage("c-q")).toBe(false);
  });
});

describe("search", () => {
  beforeEach(() => {
    filled("tides", "Why are there tides?", "The moon pulls the OCÉANS.");
    filled("rain", "Write about rain", "It rains 100% of the_time; NOT always (maybe).");
    filled("kanji", "今日の天気", "今日は晴れです");
    store.patch("rain", { title: "Wet pöems" });
    filled("names", "Which languages?", "getUserName in JavaScript, and C++.");
  });

  test.each([
    ["a word of an answer", "moon", ["tides-a"]],
    ["the beginning of a word", "pul", ["tides-a"]],
    ["another case and no accents", "oceans", ["tides-a"]],
    ["several words, in any order", "ocean moon", ["tides-a"]],
    ["a title", "wet", [null]],
    ["a word inside a script without spaces", "天気", ["kanji-q"]],
    ["characters that are operators elsewhere", '"moon" (pulls* -', ["tides-a"]],
    ["the wildcards of LIKE as themselves", "100%", ["rain-a"]],
    ["only signs", "%", ["rain-a"]],
    ["nothing that is there", "volcano", []],
    ["a word inside a word", "script", ["names-a"]],
    ["a word inside a name", "username", ["names-a"]],
    ["signs that belong to a word", "c++", ["names-a"]],
    ["two letters at the beginning of a word", "mo", ["tides-a"]],
    ["two letters not inside of one", "oo", []],
    ["one character of a script without spaces", "晴", ["kanji-a"]],
    ["a title by a word inside it, without accents and case", "oems", [null]],
    ["a title by the beginning of its words only, for two letters", "we", [null]],
    ["a long and a short word together", "moon th", ["tides-a"]],
  ])("finds %s", (_title, query, ids) => {
    expect(store.search(query, 9).map(hit => hit.messageId)).toEqual(ids);
  });

  test("marks the match in the snippet", () => {
    expect(store.search("moon", 9)[0]?.snippet).toBe("The \u0001moon\u0002 pulls the OCÉANS.");
  });

  test("finds an answer only once it is finished, and not its earlier text", () => {
    store.addExchange("tides", message("q9", "tides-a", "user", "More?"), {
      ...message("a9", "q9", "assistant", ""),
      status: "pending",
    });
    store.writeReply("a9", { text: "draft", thought: "", thoughtMs: null });
    expect(store.search("draft", 9)).toEqual([]);
    store.endReply("a9", { text: "final", thought: "", thoughtMs: null, status: "complete", error: null, stats: null });
    expect(store.search("draft", 9)).toEqual([]);
    expect(store.search("final", 9)[0]?.messageId).toBe("a9");
  });
});

describe("export and import", () => {
  const read = async (stream: ReadableStream<Uint8Array>): Promise<ChatImport> =>
    chatImportSchema.parse(JSON.parse(await new Response(stream).text()));

  test("bring every chat back as it was", async () => {
    filled("c", "one", "two");
    filled("d", "three", "four");
    store.patch("d", { title: "Four", pinned: true, systemPrompt: "Count." });
    const exported = await read(chatsJson(store, nowMs));
    const other = new ChatStore({ filePath: join(folder, "other.db"), now: () => 99_999 });
    expect(await saveImportedChats(other, exported)).toEqual({ imported: 2, existing: [], refused: [] });
    expect(other.list()).toEqual(store.list());
    for (const { id } of store.list()) expect(other.tree(id)).toEqual(store.tree(id));
    other.close();
  });

  const exportOf = (id: string): ChatImport => chatImportSchema.parse(JSON.parse(chatJson(store.tree(id), nowMs)));
  const textsOf = (id: string) => store.branch(id, store.read(id).headId).map(({ text }) => text);

  test("know a chat that is here already, and leave it alone or replace it", async () => {
    filled("c", "one", "two");
    const exported = exportOf("c");
    store.addExchange("c", message("q2", "c-a", "user", "three"), message("a2", "q2", "assistant", "four"));
    expect(await saveImportedChats(store, exported)).toEqual({ imported: 0, existing: ["c"], refused: [] });
    expect(textsOf("c")).toEqual(["one", "two", "three", "four"]);
    expect(await saveImportedChats(store, { ...exported, existing: "replace" })).toMatchObject({
      imported: 1,
      existing: [],
    });
    expect(textsOf("c")).toEqual(["one", "two"]);
    expect(store.list().length).toBe(1);
  });

  test("keep both under another id of the chat, with messages of their own", async () => {
    filled("c", "one", "two");
    const [tree] = exportOf("c").chats;
    if (!tree) throw new Error("nothing was exported");
    await saveImportedChats(store, { chats: [{ ...tree, chat: { ...tree.chat, id: "copy" } }] });
    store.addExchange(
      "copy",
      message("q2", store.read("copy").headId, "user", "three"),
      message("a2", "q2", "assistant", "four"),
    );
    expect(textsOf("copy")).toEqual(["one", "two", "three", "four"]);
    expect(textsOf("c")).toEqual(["one", "two"]);
  });

  test("bring back a chat that was deleted", async () => {
    filled("c", "one", "two");
    const exported = exportOf("c");
    store.remove("c");
    expect(await saveImportedChats(store, exported)).toMatchObject({ imported: 1 });
    expect(textsOf("c")).toEqual(["one", "two"]);
  });

  test("do not replace a chat that is answering", async () => {
    filled("c", "one", "two");
    const result = await saveImportedChats(store, { ...exportOf("c"), existing: "replace" }, id => id === "c");
    expect(result).toMatchObject({
      imported: 0,
      refused: [{ id: "c", reason: expect.stringContaining("answering") as string }],
    });
  });

  test("take a long chat in pieces, also where its ids are taken by another chat", async () => {
    filled("c", "one", "two");
    const [tree] = exportOf("c").chats;
    if (!tree) throw new Error("nothing was exported");
    const chat = { ...tree.chat, id: "copy" };
    const pieces = tree.messages.map((piece, index) => ({ chat, messages: [piece], continues: index > 0 }));
    for (const piece of pieces) await saveImportedChats(store, { chats: [piece] });
    expect(textsOf("copy")).toEqual(["one", "two"]);
    const again = await saveImportedChats(store, { chats: pieces.slice(1) });
    expect(again.refused).toMatchObject([{ id: "copy", reason: "A message is in it twice." }]);
  });

  test.each([
    ["a message without its parent", [message("x", "nowhere", "assistant", "x")]],
    ["a circle", [message("x", "y", "user", "x"), message("y", "x", "assistant", "y")]],
    ["a message twice", [message("x", null, "user", "x"), message("x", null, "user", "x")]],
    ["two questions in a row", [message("x", null, "user", "x"), message("y", "x", "user", "y")]],
  ])("refuse a chat with %s, and take the others", async (_title, messages) => {
    filled("c", "one", "two");
    const here = store.tree("c");
    const good = { ...here, chat: { ...here.chat, id: "good" } };
    const bad = { chat: { ...good.chat, id: "bad", title: "Bad one" }, messages };
    const result = await saveImportedChats(store, { chats: [bad, good] });
    expect(result).toMatchObject({ imported: 1, refused: [{ title: "Bad one" }] });
    expect(store.knows("bad")).toBe(false);
  });

  test("write the shown branch as Markdown", () => {
    filled("c", "one", "two");
    expect(chatMarkdown("Numbers", store.branch("c", "c-a"))).toBe(
      "# Numbers\n\n## You\n\none\n\n## Assistant\n\ntwo\n",
    );
  });

  test("name the file so that no title leads out of the download folder", () => {
    expect(downloadHeaders('../../etc/"passwd"\r\nX: ü', "json")["content-disposition"]).toBe(
      `attachment; filename="etc-passwd-X-.json"; filename*=UTF-8''etc-passwd-X-%C3%BC.json`,
    );
  });
});
