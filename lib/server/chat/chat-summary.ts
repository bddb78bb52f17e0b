import type { ChatMessage } from "@/lib/schema/chat";
import type { Sampling } from "@/lib/schema/engine-commands";
import { greedySampling } from "@/lib/schema/settings/sampling";
import type { TurnEngine } from "./chat-engine";
import { turnContent } from "./chat-prompt";

/** Long enough for names, decisions and open questions; short enough to leave most of the context free. */
export const SUMMARY_TOKENS = 320;

/** A cautious estimate for any text: the prompt is cut to it before tokens are counted. */
const CHARACTERS_PER_TOKEN = 3;

const TASK =
  "Summarise the conversation below in a few sentences. Keep names, numbers, decisions and open questions. Write only the summary.";

interface SummaryInput {
  readonly engine: TurnEngine;
  readonly dropped: readonly ChatMessage[];
  /** The earlier summary, which replaced even older messages. */
  readonly before: string | null;
  readonly contextTokens: number;
  readonly summaryTokens: number;
  readonly signal: AbortSignal;
  /** The summary waits for its turn like any answer; null when its turn has come. */
  readonly onPosition: (position: number | null) => void;
}

/** A summary, written by the model itself, of the messages that will be left out. */
export async function summarise(input: SummaryInput): Promise<string> {
  const { engine, contextTokens, summaryTokens, signal, onPosition } = input;
  const roomCharacters = Math.max(0, contextTokens - summaryTokens - 128) * CHARACTERS_PER_TOKEN;
  const content = `${TASK}\n\n${transcript(input, roomCharacters)}`;
  let summary = "";
  const request = {
    turns: [{ role: "user" as const, content }],
    sampling: summarySampling(summaryTokens),
    cacheKey: "summary",
  };
  for await (const message of engine.generate(request, signal)) {
    if (message.type === "queued") onPosition(message.position);
    if (message.type === "prefill") onPosition(null);
    if (message.type === "text" && !message.thought) summary += message.text;
  }
  signal.throwIfAborted();
  return summary.trim();
}

/** Stays close to the most likely words and avoids repeated phrases. */
const summarySampling = (maxTokens: number): Sampling => ({
  ...greedySampling,
  temperature: 0.2,
  repeatPenalty: 1.1,
  maxTokens,
});

/** Every message gets the same share of the room, so that one long file cannot push the others out. */
function transcript({ dropped, before }: SummaryInput, roomCharacters: number): string {
  const parts = [
    ...(before === null ? [] : [`Summary of what came before: ${before}`]),
    ...dropped.map(message => `${message.role === "user" ? "User" : "Assistant"}: ${turnContent(message)}`),
  ];
  const shareCharacters = Math.floor(roomCharacters / Math.max(1, parts.length));
  return parts.map(part => (part.length > shareCharacters ? `${part.slice(0, shareCharacters)}…` : part)).join("\n\n");
}
