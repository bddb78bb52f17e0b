import { type Attachment, type ChatMessage, type ContextCut, isPicture } from "@/lib/schema/chat";
import type { ChatTurn } from "@/lib/schema/engine-commands";

/** Longer than any run of backticks in the text, so that a file cannot end its own fence. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(run => run.length));
  return "`".repeat(longest + 1);
}

/** A picture's name stands for it where the model cannot see it. */
function attachmentBlock(attachment: Attachment): string {
  const { name, text } = attachment;
  if (isPicture(attachment)) return `Picture: ${name}`;
  const fence = fenceFor(text);
  return `File: ${name}\n${fence}\n${text}\n${fence}`;
}

/** A message as the model reads it: the files first, then what was said about them. */
export const turnContent = ({ attachments, text }: Pick<ChatMessage, "attachments" | "text">): string =>
  [...attachments.map(attachmentBlock), text].filter(block => block !== "").join("\n\n");

/** In a message for an engine that reads them. */
function picturesOf({ attachments }: Pick<ChatMessage, "attachments">) {
  const pictures = attachments.filter(isPicture).map(({ mediaType, data = "" }) => ({ mediaType, data }));
  return pictures.length === 0 ? {} : { pictures };
}

const systemContent = (systemPrompt: string, summary: string | null): string =>
  [systemPrompt, summary === null ? "" : `Summary of the conversation so far:\n${summary}`]
    .filter(block => block !== "")
    .join("\n\n");

/** The part of a branch that is sent: everything from the cut on. A cut is ignored when its message is not in the branch. */
export function sentMessages(branch: readonly ChatMessage[], cut: ContextCut | null): readonly ChatMessage[] {
  const from = cut === null ? -1 : branch.findIndex(message => message.id === cut.fromMessageId);
  return from < 0 ? branch : branch.slice(from);
}

/** Empty answers (refused, or stopped at once) would only teach the model to be silent. */
export function promptTurns(
  messages: readonly ChatMessage[],
  systemPrompt: string,
  summary: string | null,
): ChatTurn[] {
  const system = systemContent(systemPrompt, summary);
  const turns = messages
    .map(message => ({ role: message.role, content: turnContent(message), ...picturesOf(message) }))
    .filter(turn => turn.content !== "");
  return system === "" ? turns : [{ role: "system", content: system }, ...turns];
}

/** A reply may fill the rest of the context. At least this much must be left before it starts. */
const REPLY_RESERVE_TOKENS = 512;

const mostReplyTokens = (maxTokens: number): number => (maxTokens > 0 ? maxTokens : REPLY_RESERVE_TOKENS);

export const replyReserveTokens = (contextTokens: number, maxTokens: number): number =>
  Math.min(mostReplyTokens(maxTokens), Math.floor(contextTokens / 4));

/** The smallest context that holds this many tokens plus the reserve: a quarter of the whole is a third of what is used. */
export const neededContextTokens = (usedTokens: number, maxTokens: number): number =>
  usedTokens + Math.min(mostReplyTokens(maxTokens), Math.ceil(usedTokens / 3));

/** After a cut the sent part fills at most this share, so that the next turns need no further cut and keep the cached prefix. */
const FILL_AFTER_CUT = 0.6;

export interface Room {
  readonly contextTokens: number;
  readonly reserveTokens: number;
  /** Kept free for the summary that replaces what is left out. */
  readonly summaryTokens: number;
}

export interface Fit {
  readonly fits: boolean;
  /** How many of the oldest messages must be left out; null when even the last message alone is too long. */
  readonly dropMessages: number | null;
}

/**
 * Which messages must be left out so that the prompt and a reply fit.
 *
 * @param systemTokens of the system turn and the template around everything
 * @param messageTokens of each sent message, oldest first; the last one is to be answered and is never left out
 * @param isUser whether the message at an index is the user's: the sent part must begin with a user message
 */
export function fitMessages(
  systemTokens: number,
  messageTokens: readonly number[],
  isUser: (index: number) => boolean,
  room: Room,
): Fit {
  const limitTokens = room.contextTokens - room.reserveTokens;
  const tokensFrom = (index: number) =>
    systemTokens + messageTokens.slice(index).reduce((sum, tokens) => sum + tokens, 0);
  if (tokensFrom(0) <= limitTokens) return { fits: true, dropMessages: 0 };
  const starts = messageTokens.map((_, index) => index).filter(index => index > 0 && isUser(index));
  const leftTokens = limitTokens - room.summaryTokens;
  const roomy = starts.find(index => tokensFrom(index) <= leftTokens * FILL_AFTER_CUT);
  return { fits: false, dropMessages: roomy ?? starts.findLast(index => tokensFrom(index) <= leftTokens) ?? null };
}
