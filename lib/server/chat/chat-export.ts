import { CHAT_EXPORT_FORMAT, CHAT_EXPORT_VERSION, type ChatMessage, type ChatTree } from "@/lib/schema/chat";
import type { ChatStore } from "./chat-store";

/** All chats as one JSON file. Chats are read and sent one by one, so a large export does not fill memory or delay other requests. */
export function chatsJson(store: ChatStore, nowMs: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const chats = store.list();
  const head = { format: CHAT_EXPORT_FORMAT, version: CHAT_EXPORT_VERSION, exportedAtMs: nowMs };
  let index = -1;
  return new ReadableStream({
    pull(controller) {
      const chat = chats[index];
      if (index < 0) controller.enqueue(encoder.encode(`${JSON.stringify(head).slice(0, -1)},"chats":[`));
      else if (chat) {
        const tree = JSON.stringify({ chat, messages: store.messages(chat.id) });
        controller.enqueue(encoder.encode(`${index > 0 ? "," : ""}\n${tree}`));
      } else {
        controller.enqueue(encoder.encode("\n]}\n"));
        controller.close();
      }
      index += 1;
    },
  });
}

export const chatJson = (tree: ChatTree, nowMs: number): string =>
  `${JSON.stringify({ format: CHAT_EXPORT_FORMAT, version: CHAT_EXPORT_VERSION, exportedAtMs: nowMs, chats: [tree] }, null, 2)}\n`;

function messageMarkdown({ role, text, attachments, status, stats }: ChatMessage): string {
  const who = role === "user" ? "You" : (stats?.modelName ?? "Assistant");
  const files = attachments.map(({ name }) => `*Attached: ${name}*`);
  const mark = status === "interrupted" ? ["*(interrupted)*"] : [];
  return [`## ${who}`, ...files, text, ...mark].join("\n\n");
}

/** The branch that is shown, for people to read. */
export function chatMarkdown(title: string, branch: readonly ChatMessage[]): string {
  return `${[`# ${title}`, ...branch.map(messageMarkdown)].join("\n\n")}\n`;
}

const mediaTypes = { json: "application/json", md: "text/markdown" } as const;

/** A file name that every file system accepts. Browsers that read only the plain form get its ASCII version. */
export function downloadHeaders(title: string, extension: keyof typeof mediaTypes): Record<string, string> {
  const stem = title
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
  const ascii = stem.replaceAll(/[^A-Za-z0-9-]/g, "") || "chat";
  return {
    "content-type": `${mediaTypes[extension]}; charset=utf-8`,
    "content-disposition": `attachment; filename="${ascii}.${extension}"; filename*=UTF-8''${encodeURIComponent(stem || "chat")}.${extension}`,
  };
}
