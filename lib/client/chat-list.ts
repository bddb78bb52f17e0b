import * as z from "zod/mini";
import {
  type ChatHit,
  type ChatListRow,
  type ChatPatch,
  chatHitsSchema,
  chatListSchema,
  chatSchema,
} from "@/lib/schema/chat";
import { apiRequest } from "./api-request";
import { keepDraft } from "./chat-drafts";
import { createResource, type ResourceState } from "./resource-store";
import { useStore } from "./use-store";

/** All kept chats, pinned first, then the latest. */
export const chatListStore = createResource("/api/chats", chatListSchema, ["chats"]);

type ChatListState = ResourceState<z.output<typeof chatListSchema>>;
export const useChatList = <Slice>(select: (state: ChatListState) => Slice): Slice => useStore(chatListStore, select);

const chatAnswerSchema = z.object({ chat: chatSchema });
const pathOf = (chatId: string): string => `/api/chats/${chatId}`;

/** Shows a change at once; the server's word follows with the refresh. */
function showRows(change: (rows: readonly ChatListRow[]) => ChatListRow[]): void {
  chatListStore.update(state =>
    state.data ? { ...state, data: { ...state.data, chats: change(state.data.chats) } } : state,
  );
}

/** @throws ApiError; the list shows the server's state again then */
export async function patchChat(chatId: string, patch: ChatPatch): Promise<z.output<typeof chatSchema>> {
  const { title, pinned, folder } = patch;
  const shown = {
    ...(title !== undefined && { title }),
    ...(pinned !== undefined && { pinned }),
    ...(folder !== undefined && { folder }),
  };
  showRows(rows => rows.map(row => (row.id === chatId ? { ...row, ...shown } : row)));
  try {
    const request = { path: pathOf(chatId), method: "PATCH", body: patch, schema: chatAnswerSchema } as const;
    return (await apiRequest(request)).chat;
  } finally {
    void chatListStore.refresh();
  }
}

/** Can be taken back for some minutes with `restoreChat`. */
export async function deleteChat(chatId: string): Promise<void> {
  showRows(rows => rows.filter(row => row.id !== chatId));
  try {
    await apiRequest({ path: pathOf(chatId), method: "DELETE", schema: z.object({ deleted: z.boolean() }) });
    keepDraft(chatId, false);
  } finally {
    void chatListStore.refresh();
  }
}

export async function restoreChat(chatId: string): Promise<void> {
  await patchChat(chatId, { deleted: false });
  keepDraft(chatId, true);
}

export async function searchChats(query: string, signal: AbortSignal): Promise<readonly ChatHit[]> {
  const path = `/api/chats/search?q=${encodeURIComponent(query)}`;
  return (await apiRequest({ path, schema: chatHitsSchema, signal })).hits;
}
