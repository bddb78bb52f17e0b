import { describe, expect, it, vi } from "vitest";
import type { Attachment } from "@/lib/schema/chat";
import { AttachmentError } from "../attachments/attachment";
import { ChatDraft } from "./chat-draft";
import type { DraftStorage, KeptFiles } from "./draft-storage";

const attachment = (name: string): Attachment => ({ name, mediaType: "text/plain", fileBytes: 3, text: `of ${name}` });
const fileOf = (name: string): File => new File(["abc"], name);

/** A promise that the test settles. */
function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<Value>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve: (value: Value) => resolve(value), reject: (error: Error) => reject(error) };
}

const soon = () => new Promise(resolve => setTimeout(resolve));

/** A browser's storage that outlives the drafts on it. */
class FakeStorage implements DraftStorage {
  readonly texts = new Map<string, string>();
  readonly files = new Map<string, KeptFiles>();
  fault: Error | null = null;

  readText = (key: string) => this.#orFault(() => this.texts.get(key) ?? "");
  writeText = (key: string, text: string) =>
    this.#orFault(() => void (text === "" ? this.texts.delete(key) : this.texts.set(key, text)));
  readFiles = async (key: string) => this.#orFault(() => this.files.get(key) ?? { attachments: [], unread: [] });
  writeFiles = async (key: string, files: KeptFiles) =>
    this.#orFault(() => {
      if (files.attachments.length + files.unread.length === 0) this.files.delete(key);
      else this.files.set(key, structuredClone(files));
    });

  #orFault<Value>(action: () => Value): Value {
    if (this.fault !== null) throw this.fault;
    return action();
  }
}

/** A shown draft. The test decides when its files are read. */
async function shownDraft(storage = new FakeStorage(), key = "chat", isKept = true) {
  const readings: ReturnType<typeof deferred<Attachment>>[] = [];
  const read = () => {
    const reading = deferred<Attachment>();
    readings.push(reading);
    return reading.promise;
  };
  const draft = new ChatDraft(key, isKept, { storage, read });
  const leave = draft.store.subscribe(() => {});
  await soon();
  const sent: [string, readonly Attachment[]][] = [];
  const deliver = async (...message: [string, readonly Attachment[]]) => void sent.push(message);
  const refuse = vi.fn<(sentence: string) => void>();
  return { draft, leave, storage, readings, sent, deliver, refuse, now: () => draft.store.get() };
}

describe("a draft", () => {
  it("is there again on the next page, with its files", async () => {
    const { draft, storage } = await shownDraft();
    draft.setText("Sum this up.");
    draft.addAttachment(attachment("a.txt"));
    await soon();
    const next = await shownDraft(storage);
    expect(next.now()).toMatchObject({
      text: "Sum this up.",
      files: [{ name: "a.txt", attachment: attachment("a.txt") }],
      isLoading: false,
    });
    expect((await shownDraft(storage, "another chat")).now()).toMatchObject({ text: "", files: [] });
  });

  it("leaves the storage when the server has it, and not before", async () => {
    const { draft, storage, now } = await shownDraft();
    draft.setText("Hello.");
    draft.addAttachment(attachment("a.txt"));
    await soon();
    const answer = deferred<void>();
    draft.send(() => answer.promise);
    await soon();
    expect(now()).toMatchObject({ text: "", files: [] });
    expect(storage.texts.get("chat")).toBe("Hello.");
    expect(storage.files.get("chat")?.attachments).toHaveLength(1);
    answer.resolve();
    await soon();
    expect([storage.texts.size, storage.files.size]).toEqual([0, 0]);
  });

  it("comes back before what was written since, when the server refuses it", async () => {
    const { draft, storage, now } = await shownDraft();
    draft.setText("First.");
    draft.addAttachment(attachment("a.txt"));
    const answer = deferred<void>();
    draft.send(() => answer.promise);
    draft.setText("Second.");
    answer.reject(new Error("The disk is full."));
    await soon();
    expect(now()).toMatchObject({
      text: "First.\n\nSecond.",
      files: [{ name: "a.txt" }],
      problem: "The disk is full.",
    });
    expect(storage.texts.get("chat")).toBe("First.\n\nSecond.");
    expect(storage.files.get("chat")?.attachments).toEqual([attachment("a.txt")]);
  });

  it("goes along when its new chat gets an id", async () => {
    const { draft, storage } = await shownDraft(new FakeStorage(), "new");
    draft.setText("Hello.");
    draft.addAttachment(attachment("a.txt"));
    await soon();
    draft.moveTo("chat-1");
    await soon();
    expect([...storage.texts]).toEqual([["chat-1", "Hello."]]);
    expect([...storage.files.keys()]).toEqual(["chat-1"]);
  });

  it("of a deleted chat leaves the storage, and is kept again with the chat", async () => {
    const storage = new FakeStorage();
    storage.texts.set("chat", "Hello.");
    storage.files.set("chat", { attachments: [attachment("a.txt")], unread: [] });
    const draft = new ChatDraft("chat", true, { storage, read: async file => attachment(file.name) });
    draft.keep(false);
    await soon();
    expect([storage.texts.size, storage.files.size]).toEqual([0, 0]);
    draft.keep(true);
    await soon();
    expect(storage.texts.get("chat")).toBe("Hello.");
    expect(storage.files.get("chat")?.attachments).toEqual([attachment("a.txt")]);
  });

  it("of a temporary chat is never kept", async () => {
    const { draft, storage, now } = await shownDraft(new FakeStorage(), "chat", false);
    draft.setText("Hello.");
    draft.addAttachment(attachment("a.txt"));
    await soon();
    expect([storage.texts.size, storage.files.size]).toEqual([0, 0]);
    expect(now()).toMatchObject({ text: "Hello.", unkept: { text: null, files: null } });
  });

  it("stays as it is when the storage fails, and says so", async () => {
    const { draft, storage, now } = await shownDraft();
    storage.fault = new DOMException("", "QuotaExceededError");
    draft.setText("Hello.");
    draft.addAttachment(attachment("a.txt"));
    await soon();
    expect(now()).toMatchObject({ text: "Hello.", files: [{ name: "a.txt" }] });
    const words = "the browser's storage is full";
    expect(now().unkept).toEqual({ text: words, files: words });
    storage.fault = null;
    draft.setText("Hello!");
    expect(now().unkept).toEqual({ text: null, files: words });
  });

  it("can be written and sent where the storage is forbidden", async () => {
    const storage = new FakeStorage();
    storage.fault = new DOMException("", "SecurityError");
    const { draft, sent, deliver, now } = await shownDraft(storage);
    draft.setText("Hello.");
    expect(now().unkept.text).toBe("the browser does not let its storage be used");
    draft.send(deliver);
    await soon();
    expect(sent).toEqual([["Hello.", []]]);
  });
});

describe("files of a draft", () => {
  it("stand in the order in which they were added, and one of the same name takes the other's place", async () => {
    const { draft, readings, refuse, now } = await shownDraft();
    draft.addAttachment(attachment("b.txt"));
    void draft.addFile(fileOf("a.txt"), refuse);
    void draft.addFile(fileOf("b.txt"), refuse);
    readings[1]?.resolve({ ...attachment("b.txt"), text: "newer" });
    await soon();
    expect(now().files.map(file => [file.name, file.attachment?.text])).toEqual([
      ["a.txt", undefined],
      ["b.txt", "newer"],
    ]);
  });

  it("that cannot be read are refused, and cost nothing else", async () => {
    const { draft, readings, refuse, now } = await shownDraft();
    draft.addAttachment(attachment("b.txt"));
    void draft.addFile(fileOf("b.txt"), refuse);
    readings[0]?.reject(new AttachmentError("b.txt is empty."));
    await soon();
    expect(refuse).toHaveBeenCalledWith("b.txt is empty.");
    expect(now().files).toEqual([{ name: "b.txt", attachment: attachment("b.txt") }]);
  });

  it("that are removed while they are read do not come back", async () => {
    const { draft, readings, refuse, now } = await shownDraft();
    void draft.addFile(fileOf("a.txt"), refuse);
    const [unread] = now().files;
    if (unread !== undefined) draft.removeFile(unread);
    readings[0]?.resolve(attachment("a.txt"));
    await soon();
    expect(now().files).toEqual([]);
    expect(refuse).not.toHaveBeenCalled();
  });

  it("that were still being read when the page was left are named on the next", async () => {
    const { draft, storage, refuse } = await shownDraft();
    void draft.addFile(fileOf("report.pdf"), refuse);
    await soon();
    const next = await shownDraft(storage);
    const problem = "Still being read when the page was left, and so not attached: report.pdf.";
    expect(next.now()).toMatchObject({ files: [], problem });
    expect((await shownDraft(storage)).now().problem).toBe(null);
  });

  it("become text of the message", async () => {
    const { draft, storage, now } = await shownDraft();
    draft.setText("Sum this up:");
    draft.addAttachment(attachment("Pasted text"));
    const [pasted] = now().files;
    if (pasted !== undefined) draft.insertFile(pasted);
    await soon();
    expect(now()).toMatchObject({ text: "Sum this up:\n\nof Pasted text", files: [] });
    expect(storage.files.size).toBe(0);
  });
});

describe("a message that is sent while a file is read", () => {
  const waiting = async () => {
    const rig = await shownDraft();
    rig.draft.setText("Sum this up.");
    void rig.draft.addFile(fileOf("report.pdf"), rig.refuse);
    rig.draft.send(rig.deliver);
    await soon();
    return rig;
  };

  it("goes with the file when that has been read", async () => {
    const { readings, sent, now } = await waiting();
    expect(sent).toEqual([]);
    expect(now()).toMatchObject({ text: "Sum this up.", isWaiting: true });
    readings[0]?.resolve(attachment("report.pdf"));
    await soon();
    expect(sent).toEqual([["Sum this up.", [attachment("report.pdf")]]]);
    expect(now()).toMatchObject({ text: "", files: [], isWaiting: false });
  });

  it("waits for a file that is added meanwhile, too", async () => {
    const { draft, readings, refuse, sent } = await waiting();
    void draft.addFile(fileOf("second.pdf"), refuse);
    readings[0]?.resolve(attachment("report.pdf"));
    await soon();
    expect(sent).toEqual([]);
    readings[1]?.resolve(attachment("second.pdf"));
    await soon();
    expect(sent[0]?.[1].map(({ name }) => name)).toEqual(["report.pdf", "second.pdf"]);
  });

  it("stays, with the reason, when the file cannot be read", async () => {
    const { readings, refuse, sent, now } = await waiting();
    readings[0]?.reject(new AttachmentError("report.pdf could not be read as a PDF."));
    await soon();
    expect(sent).toEqual([]);
    expect(now()).toMatchObject({
      text: "Sum this up.",
      isWaiting: false,
      problem: "Not sent: report.pdf could not be read as a PDF.",
    });
    expect(refuse).not.toHaveBeenCalled();
  });

  it.each([
    ["a second press", ({ draft, deliver }: Awaited<ReturnType<typeof waiting>>) => draft.send(deliver)],
    ["a changed text", ({ draft }: Awaited<ReturnType<typeof waiting>>) => draft.setText("Sum this up, no:")],
    ["Escape", ({ draft }: Awaited<ReturnType<typeof waiting>>) => draft.callOff()],
  ])("is called off by %s; the file stays", async (_, callOff) => {
    const rig = await waiting();
    callOff(rig);
    expect(rig.now().isWaiting).toBe(false);
    rig.readings[0]?.resolve(attachment("report.pdf"));
    await soon();
    expect(rig.sent).toEqual([]);
    expect(rig.now().files).toEqual([{ name: "report.pdf", attachment: attachment("report.pdf") }]);
  });

  it("goes once, however often it was called off and sent again", async () => {
    const { draft, deliver, readings, sent } = await waiting();
    draft.send(deliver);
    draft.send(deliver);
    readings[0]?.resolve(attachment("report.pdf"));
    await soon();
    expect(sent).toHaveLength(1);
  });

  it("is not sent into a chat that was left, and says so; its file is read all the same", async () => {
    const { leave, readings, sent, now } = await waiting();
    leave();
    readings[0]?.resolve(attachment("report.pdf"));
    await soon();
    expect(sent).toEqual([]);
    expect(now()).toMatchObject({
      text: "Sum this up.",
      files: [{ attachment: attachment("report.pdf") }],
      problem: "Not sent: the chat was left before its files had been read.",
    });
  });

  it("waits for the kept files, which come a moment after the page", async () => {
    const storage = new FakeStorage();
    storage.texts.set("chat", "Hello.");
    storage.files.set("chat", { attachments: [attachment("a.txt")], unread: [] });
    const draft = new ChatDraft("chat", true, { storage, read: async file => attachment(file.name) });
    draft.store.subscribe(() => {});
    const sent: unknown[] = [];
    draft.send(async (...message) => void sent.push(message));
    await soon();
    expect(sent).toEqual([["Hello.", [attachment("a.txt")]]]);
  });
});
