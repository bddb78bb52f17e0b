import { readFileSync } from "node:fs";
import { expect, type Locator, type Page } from "@playwright/test";

/** Time for a reply of the bundled model on a busy machine, including loading. */
const REPLY_LIMIT_MS = 120_000;

/** The chat as a person sees it: by role, label and text. */
export class ChatPage {
  readonly message: Locator;
  readonly send: Locator;
  readonly stop: Locator;
  readonly questions: Locator;
  readonly replies: Locator;
  readonly list: Locator;
  readonly search: Locator;
  readonly status: Locator;
  readonly notifications: Locator;
  /** The composer's words about a message that was not sent. */
  readonly problem: Locator;

  constructor(readonly page: Page) {
    this.message = page.getByRole("textbox", { name: "Message", exact: true });
    this.send = page.getByRole("button", { name: "Send", exact: true });
    this.stop = page.getByRole("button", { name: "Stop", exact: true });
    this.questions = page.getByRole("article", { name: "You" });
    this.replies = page.getByRole("article", { name: "Reply" });
    this.list = page.getByRole("navigation", { name: "Chats" });
    this.search = page.getByRole("searchbox", { name: "Search chats" });
    this.notifications = page.getByRole("region", { name: "Notifications" });
    this.problem = page.locator("form").locator("..").getByRole("alert");
    this.status = page.getByRole("status").filter({ hasText: /^(Generating|Reply finished)$/ });
  }

  async open(chatId?: string, serverUrl = ""): Promise<void> {
    await this.page.goto(`${serverUrl}/${chatId === undefined ? "" : `?chat=${chatId}`}`);
    await expect(this.message).toBeEditable();
  }

  get chatId(): string {
    return new URL(this.page.url()).searchParams.get("chat") ?? "";
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press("Enter");
  }

  /** Says something and waits for the whole reply. */
  async ask(text: string): Promise<void> {
    const replies = await this.replies.count();
    await this.say(text);
    await expect(this.replies).toHaveCount(replies + 1, { timeout: REPLY_LIMIT_MS });
    await this.replyFinished();
  }

  async attach(files: readonly { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
    await this.page.getByLabel("Attach files").setInputFiles([...files]);
  }

  async importFile(file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    await this.page.getByLabel("Import chats").setInputFiles(file);
  }

  /** Puts a text on the clipboard and presses the keys that paste it. */
  async paste(text: string, field = this.message): Promise<void> {
    await this.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await this.page.evaluate(pasted => navigator.clipboard.writeText(pasted), text);
    await field.press("ControlOrMeta+v");
  }

  /** Goes to another screen through the header, as a person does. */
  async visit(screen: string): Promise<void> {
    await this.page.getByRole("banner").getByRole("link", { name: screen }).click();
    await expect(this.message).toBeHidden();
  }

  removeFile(name: string): Locator {
    return this.page.getByRole("button", { name: `Remove ${name}`, exact: true });
  }

  /** The attachments of the last question in the open chat, as the server has them. */
  async attachedTexts(): Promise<string[]> {
    const { messages } = await (await this.page.request.get(`/api/chats/${this.chatId}`)).json();
    const question = messages.findLast((message: { role: string }) => message.role === "user");
    return question.attachments.map((attachment: { text: string }) => attachment.text);
  }

  async replyFinished(): Promise<void> {
    await expect(this.status).toHaveText("Reply finished", { timeout: REPLY_LIMIT_MS });
    await expect(this.stop).toBeHidden();
  }

  /** Waits until the reply in progress has some words. */
  async replyBegun(): Promise<void> {
    await expect(this.stop).toBeVisible();
    await expect.poll(() => this.textOf(this.replies.last()), { timeout: REPLY_LIMIT_MS }).toMatch(/\w+\s+\w+/);
  }

  /** The words of a reply, without its buttons. */
  async textOf(reply: Locator): Promise<string> {
    return (await reply.locator(".markdown").allInnerTexts()).join("\n").trim();
  }

  async options(change: { longestReply?: number; temperature?: number; systemPrompt?: string }): Promise<void> {
    await this.page.getByRole("button", { name: /^Chat options/ }).click();
    const dialog = this.page.getByRole("dialog", { name: "Chat options" });
    if (change.systemPrompt !== undefined) await dialog.getByLabel("System prompt").fill(change.systemPrompt);
    if (change.temperature !== undefined) await this.#fill(dialog, "Temperature", change.temperature);
    if (change.longestReply !== undefined) await this.#fill(dialog, "Longest reply", change.longestReply);
    await dialog.getByRole("button", { name: "Close" }).click();
    await expect(dialog).toBeHidden();
  }

  async #fill(dialog: Locator, label: string, value: number): Promise<void> {
    const field = dialog.getByRole("textbox", { name: label });
    await field.fill(String(value));
    await field.press("Enter");
  }

  row(title: string | RegExp): Locator {
    return this.list.getByRole("link", { name: title });
  }

  async rowAction(title: string, action: string): Promise<void> {
    await this.list.getByRole("button", { name: `Actions for ${title}` }).click();
    await this.page.getByRole("menuitem", { name: action }).click();
  }

  /** What a click downloads, as text. */
  async download(click: () => Promise<void>): Promise<{ name: string; text: string }> {
    const [download] = await Promise.all([this.page.waitForEvent("download"), click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
  }
}
