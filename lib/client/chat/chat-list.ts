import * as api from "@/lib/schema/api/chats";
import type { Chat, ChatHit, ChatPatch, ListedChat, ListedChats } from "@/lib/schema/chat";
import { apiRequest } from "../api-request";
import { createResource, type ResourceState } from "../resource-store";
import { useStore } from "../use-store";
import { keepDraft } from "./chat-drafts";

/** All kept chats: pinned first, then the latest. */
export const chatListStore = createResource(api.listChats, () => ({}), ["chats"]);

type ChatListState = ResourceState<ListedChats>;
export const useChatList = <Slice>(select: (state: ChatListState) => Slice): Slice => useStore(chatListStore, select);

/** Shows a change at once; the refresh brings the server's version. */
function showRows(change: (rows: readonly ListedChat[]) => ListedChat[]): void {
  chatListStore.update(state =>
    state.data ? { ...state, data: { ...state.data, chats: change(state.data.chats) } } : state,
  );
}

/** @throws ApiError; then the list shows the server's state again */
export async function changeChat(chatId: string, patch: ChatPatch): Promise<Chat> {
  const { title, pinned, folder } = patch;
  const shown = {
    ...(title !== undefined && { title }),
    ...(pinned !== undefined && { pinned }),
    ...(folder !== undefined && { folder }),
  };
  showRows(rows => rows.map(row => (row.id === chatId ? { ...row, ...shown } : row)));
  try {
    return (await apiRequest(api.patchChat, { params: { id: chatId }, body: patch })).chat;
  } finally {
    void chatListStore.refresh();
  }
}

/** For some minutes, `restoreChat` can undo this. */
export async function removeChat(chatId: string): Promise<void> {
  showRows(rows => rows.filter(row => row.id !== chatId));
  try {
    await apiRequest(api.deleteChat, { params: { id: chatId } });
    keepDraft(chatId, false);
  } finally {
    void chatListStore.refresh();
  }
}

export async function restoreChat(chatId: string): Promise<void> {
  await changeChat(chatId, { deleted: false });
  keepDraft(chatId, true);
}

export async function findChats(query: string, signal: AbortSignal): Promise<readonly ChatHit[]> {
  return (await apiRequest(api.searchChats, { query: { q: query }, signal })).hits;
}
