import { writeSync } from "node:fs";
import { blankMessage, type ChatMessage } from "@/lib/schema/chat";
import { ChatStore } from "@/lib/server/chat/chat-store";

/**
 * Writes chats until it is killed. As soon as something is safe, it acknowledges it on standard output.
 * Arguments: the database, and the number of this round.
 */
const [, , filePath = "", round = "0"] = process.argv;
const store = new ChatStore({ filePath });

const acknowledge = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);

const message = (id: string, parentId: string | null, role: "user" | "assistant", text: string): ChatMessage =>
  blankMessage({ id, parentId, role, text, status: role === "user" ? "complete" : "pending" });

let parentId: string | null = null;
const chatId = `chat-${round}`;
store.create({ id: chatId });
for (let turn = 0; ; turn += 1) {
  const id: string = `${round}-${turn}`;
  store.addExchange(
    chatId,
    message(`q-${id}`, parentId, "user", `Question ${id}`),
    message(`a-${id}`, `q-${id}`, "assistant", ""),
  );
  acknowledge({ id: `q-${id}`, text: `Question ${id}` });
  let text = "";
  for (let part = 0; part < 3; part += 1) {
    text += `Part ${part} of ${id}. `;
    store.writeReply(`a-${id}`, { text, thought: "", thoughtMs: null });
    acknowledge({ id: `a-${id}`, text });
  }
  store.endReply(`a-${id}`, { text, thought: "", thoughtMs: null, status: "complete", error: null, stats: null });
  acknowledge({ id: `a-${id}`, text, status: "complete" });
  parentId = `a-${id}`;
}
