import { type ChatMessage, type ChatTree, chatTreeSchema } from "@/lib/schema/chat";

interface Heard {
  readonly chatId: string;
  text: string;
}

/** What a server has promised to its clients, and whether it kept the promise. */
export class Acknowledged {
  /** The beginning of an answer's stream acknowledges the question. */
  readonly questions = new Map<string, Heard>();
  /** Sent, but perhaps never read: may be missing, but must not be half there. */
  readonly sent = new Map<string, string>();
  /** `data-message` acknowledges the present state of an answer. */
  readonly answers = new Map<string, Heard & Pick<ChatMessage, "status">>();
  /** Answers that were heard in part but not to their end. */
  readonly partial = new Map<string, Heard>();
  /** Partial answers that had some text after a restart. */
  keptParts = 0;
  /** The seeds that were sent, in order, and how many of them were acknowledged. */
  readonly seeds: number[] = [];
  seedsAcknowledged = 0;
  /** Promises that were not kept; each is listed once, however often it is compared. */
  readonly lost = new Set<string>();

  /** Compares everything promised in these chats with the restarted server's data, before any new request. */
  async compare(url: string, chatIds: Iterable<string>): Promise<void> {
    for (const chatId of chatIds) {
      const response = await fetch(`${url}/api/chats/${chatId}`);
      if (response.status === 404) this.#expectNothing(chatId);
      else this.#compareChat(chatTreeSchema.parse(await response.json()));
    }
  }

  /** A change without acknowledgement may have been saved. An acknowledged change must not be undone. */
  compareSeed(seed: number): void {
    const last = this.seedsAcknowledged - 1;
    if (last >= 0 && this.seeds.lastIndexOf(seed) < last) this.lost.add(`seed ${this.seeds[last]}: found ${seed}`);
  }

  #expectNothing(chatId: string): void {
    for (const [id, heard] of this.questions)
      if (heard.chatId === chatId) this.lost.add(`${id}: its chat is not there`);
  }

  #compareChat({ chat, messages }: ChatTree): void {
    const found = new Map(messages.map(message => [message.id, message]));
    for (const [id, { chatId, text }] of this.questions)
      if (chatId === chat.id && found.get(id)?.text !== text) this.lost.add(`question ${id}`);
    for (const [id, { chatId, text, status }] of this.answers) {
      const answer = found.get(id);
      if (chatId === chat.id && (answer?.text !== text || answer.status !== status)) this.lost.add(`answer ${id}`);
    }
    for (const [id, heard] of this.partial) if (heard.chatId === chat.id) this.#comparePart(id, heard, found.get(id));
    for (const message of messages) this.#expectWhole(message, messages);
  }

  /** The saved text is the beginning of the heard text, or the other way round. From now on it must not change. */
  #comparePart(id: string, { chatId, text }: Heard, answer: ChatMessage | undefined): void {
    this.partial.delete(id);
    if (answer === undefined || !(answer.text.startsWith(text) || text.startsWith(answer.text)))
      this.lost.add(`part of ${id}: heard "${text}", found "${answer?.text}"`);
    else {
      if (answer.text !== "") this.keptParts += 1;
      this.answers.set(id, { chatId, text: answer.text, status: answer.status });
    }
  }

  #expectWhole({ id, role, text, status, error }: ChatMessage, messages: readonly ChatMessage[]): void {
    if (status === "pending") this.lost.add(`${id} is pending, and nobody writes it`);
    if (status === "interrupted" && error?.code !== "CANCELLED") this.lost.add(`${id}: ${error?.code ?? "no reason"}`);
    if (role === "assistant") return;
    if (this.sent.get(id) !== text) this.lost.add(`question ${id} is half there`);
    if (!messages.some(({ parentId }) => parentId === id)) this.lost.add(`question ${id} has no answer`);
  }
}
