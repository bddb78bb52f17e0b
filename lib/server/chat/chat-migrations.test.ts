import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { beforeEach, expect, test } from "vitest";
import { CHAT_APPLICATION_ID, chatMigrations } from "./chat-migrations";
import { ChatStore } from "./chat-store";

let folder: string;
let filePath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-migrations-"));
  filePath = join(folder, "chats.sqlite");
  const [first] = chatMigrations;
  const database = new Database(filePath);
  database.exec(first ?? "");
  database.pragma(`application_id = ${CHAT_APPLICATION_ID}`);
  database.pragma("user_version = 1");
  database.exec(`INSERT INTO chat (id, title, title_source, created_at_ms, updated_at_ms) VALUES ('c', 'Old', 'auto', 1, 1);
    INSERT INTO message (id, chat_id, role, text, status, created_at_ms) VALUES ('q', 'c', 'user', 'What is JavaScript?', 'complete', 1);
    INSERT INTO message (id, chat_id, parent_id, role, text, status, created_at_ms) VALUES ('a', 'c', 'q', 'assistant', 'a draft', 'pending', 1);`);
  database.close();
});

const versionOf = (): unknown => {
  const database = new Database(filePath);
  const [row] = database.pragma("user_version") as [{ user_version: number }];
  database.close();
  return row.user_version;
};

test("messages of an older version are found by the newer rule, and so is an answer that was cut off, once", () => {
  const store = new ChatStore({ filePath });
  expect(store.search("script", 9).map(hit => hit.messageId)).toEqual(["q"]);
  // Opening it ended what was pending: the text so far is a message like any other.
  expect(store.search("draft", 9).map(hit => hit.messageId)).toEqual(["a"]);
  store.close();
  expect(versionOf()).toBe(chatMigrations.length);
});

test("P7 a migration that is killed half-way leaves the old version, and the next start makes it whole", () => {
  const half = `
    const Database = require("libsql");
    const database = new Database(${JSON.stringify(filePath)});
    database.exec("BEGIN IMMEDIATE");
    database.exec(${JSON.stringify(chatMigrations[1])});
    process.kill(process.pid, "SIGKILL");`;
  expect(spawnSync(process.execPath, ["-e", half], { cwd: process.cwd() }).signal).toBe("SIGKILL");
  expect(versionOf()).toBe(1);
  const store = new ChatStore({ filePath });
  expect(store.search("script", 9).map(hit => hit.messageId)).toEqual(["q"]);
  store.close();
});
