import type { ChatHistoryItem } from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";

/**
 * Converts a turn for the chat wrapper. Text is plain: special tokens that a user types remain text (faults.md, T4). A result of a
 * call is the user's turn here; conversations with calls are written as text before, or by the model's own template.
 */
function toHistoryItem({ role, content }: ChatTurn): ChatHistoryItem {
  if (role === "assistant") return { type: "model", response: [content] };
  return role === "system" ? { type: "system", text: content } : { type: "user", text: content };
}

/**
 * The history to answer. It ends with the model's turn, which is empty for a new reply and filled for a continued one.
 * An empty system prompt means none (engine.md, trap 20).
 */
export function toChatHistory(turns: readonly ChatTurn[]): ChatHistoryItem[] {
  const history = turns.filter(turn => turn.role !== "system" || turn.content !== "").map(toHistoryItem);
  return history.at(-1)?.type === "model" ? history : [...history, { type: "model", response: [] }];
}
