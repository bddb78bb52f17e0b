import { expect, test } from "vitest";
import { blankChat, type ListedChat } from "@/lib/schema/chat";
import { folderNames, groupChats } from "./chat-groups";

const at = (text: string): number => new Date(text).getTime();
const row = (id: string, date: string, more: Partial<ListedChat> = {}): ListedChat => ({
  ...blankChat(id),
  updatedAtMs: at(date),
  answering: false,
  ...more,
});

const chats = [
  row("pinned", "2025-01-01T10:00", { pinned: true, folder: "Work" }),
  row("now", "2025-06-15T00:30"),
  row("late", "2025-06-14T23:59"),
  row("zebra", "2025-06-14T12:00", { folder: "Zebra" }),
  row("week", "2025-06-09T12:00"),
  row("work", "2025-06-08T12:00", { folder: "Work" }),
  row("month", "2025-05-20T12:00"),
  row("old", "2024-02-03T12:00"),
];

test("chats stand under pinned, their folder, or the day they were last used", () => {
  const groups = groupChats(chats, at("2025-06-15T09:00"));
  expect(groups.map(group => [group.label, group.chats.map(chat => chat.id)])).toEqual([
    ["Pinned", ["pinned"]],
    ["Work", ["work"]],
    ["Zebra", ["zebra"]],
    ["Today", ["now"]],
    ["Yesterday", ["late"]],
    ["Last 7 days", ["week"]],
    ["Last 30 days", ["month"]],
    ["February 2024", ["old"]],
  ]);
});

test("folders are named once, in order", () => {
  expect(folderNames(chats)).toEqual(["Work", "Zebra"]);
});
