import type { ChatHistoryItem } from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";

/** Turns as the chat wrapper takes them. Text is plain: special tokens that a user types stay letters (faults.md, T4). */
function toHistoryItem({ role, content }: ChatTurn): ChatHistoryItem {
  if (role === "assistant") return { type: "model", response: [content] };
  return role === "system" ? { type: "system", text: content } : { type: "user", text: content };
}

/**
 * The history that is answered: it ends with the model's turn, empty for a new reply and filled for one that is continued.
 * An empty system prompt means none (engine.md, trap 20).
 */
export function toChatHistory(turns: readonly ChatTurn[]): ChatHistoryItem[] {
  const history = turns.filter(turn => turn.role !== "system" || turn.content !== "").map(toHistoryItem);
  return history.at(-1)?.type === "model" ? history : [...history, { type: "model", response: [] }];
}
