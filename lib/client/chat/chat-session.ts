import type { ErrorBody } from "@/lib/schema/api-error";
import { blankChat, type Chat, type ChatMessage, type ChatTree, type Overflow } from "@/lib/schema/chat";
import { createStore } from "../store";
import { useStore } from "../use-store";
import { type ShownMessage, shownBranch } from "./chat-tree";

/** The chat that this tab shows. The arriving answer's text is not here but in `liveReplyStore`. */
export interface ChatSession {
  /** `new`: the server does not know it yet. `missing`: it was deleted, or never existed. */
  readonly phase: "new" | "loading" | "ready" | "missing" | "failed";
  readonly chat: Chat;
  readonly messages: readonly ChatMessage[];
  readonly headId: string | null;
  readonly shown: readonly ShownMessage[];
  /** An answer is being made. `replyId` is null until the server has named it. */
  readonly answering: boolean;
  readonly replyId: string | null;
  /** The server cannot be reached during an answer. */
  readonly isCutOff: boolean;
  /** Why the chat could not be opened. */
  readonly error: ErrorBody | null;
  /** A message to scroll to: a search hit. */
  readonly targetId: string | null;
  /** What to leave out of the next answer's prompt only, if it does not fit; null: the chat's own rule. */
  readonly nextOverflow: Exclude<Overflow, "ask"> | null;
}

export const newSession = (chat: Chat): ChatSession => ({
  phase: "new",
  chat,
  messages: [],
  headId: null,
  shown: [],
  answering: false,
  replyId: null,
  isCutOff: false,
  error: null,
  targetId: null,
  nextOverflow: null,
});

/** On the server and in the first render no chat is open yet. */
export const sessionStore = createStore<ChatSession>({ ...newSession(blankChat("unopened")), phase: "loading" });

/** The session with another tree or head, and the rows that follow from them. */
export function withTree(
  session: ChatSession,
  tree: { readonly messages: readonly ChatMessage[]; readonly headId: string | null },
): ChatSession {
  return { ...session, ...tree, shown: shownBranch(tree.messages, tree.headId, session.shown) };
}

/** A chat as the server has it. A pending answer in it is one that is being made now. */
export function openedSession(session: ChatSession, { chat, messages }: ChatTree): ChatSession {
  const pending = messages.find(message => message.status === "pending");
  const isSameChat = session.chat.id === chat.id;
  const base = isSameChat ? session : newSession(chat);
  return withTree(
    {
      ...base,
      phase: "ready",
      chat,
      error: null,
      isCutOff: false,
      answering: pending !== undefined,
      replyId: pending?.id ?? null,
    },
    { messages, headId: pending?.id ?? chat.headId },
  );
}

/** Adds a message, or replaces the one with its id. */
export function withMessage(messages: readonly ChatMessage[], message: ChatMessage): readonly ChatMessage[] {
  const index = messages.findIndex(({ id }) => id === message.id);
  return index < 0 ? [...messages, message] : messages.with(index, message);
}

/** The chat can be written in: it is new, or it was read. */
export const isUsable = ({ phase }: ChatSession): boolean => phase === "new" || phase === "ready";

/** A message can be sent: the chat is usable and no answer is being written. */
export const isFreeToSend = (session: ChatSession): boolean => isUsable(session) && !session.answering;

/** The answer at the end that was refused because the conversation does not fit: the user must now choose how to go on. */
export function waitingReply({ shown, answering }: ChatSession): ChatMessage | null {
  const last = shown.at(-1)?.message;
  return last !== undefined && !answering && last.error?.code === "CONTEXT_EXCEEDED" ? last : null;
}

export const isOpen = (chatId: string): boolean => sessionStore.get().chat.id === chatId;

export const useSession = <Slice>(select: (session: ChatSession) => Slice): Slice => useStore(sessionStore, select);
