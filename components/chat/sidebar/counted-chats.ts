/** "1 chat", "12 chats". */
export const countedChats = (count: number): string => `${count} ${count === 1 ? "chat" : "chats"}`;
