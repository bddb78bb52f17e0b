import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blankMessage } from "@/lib/schema/chat";
import { ChatDatabase } from "./chat-database";
import { ChatStore } from "./chat-store";

let folder: string;
let filePath: string;
const opened: ChatStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chat-database-"));
  filePath = join(folder, "data", "chats.db");
});

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function open(): ChatStore {
  const store = new ChatStore({ filePath });
  opened.push(store);
  return store;
}

const pragma = (name: string): unknown => {
  const database = new Database(filePath);
  const [row] = database.pragma(name) as [Record<string, unknown>];
  database.close();
  return row[name];
};

const brokenFiles = (): string[] => readdirSync(join(folder, "data")).filter(name => /\.broken-[^/]*Z$/.test(name));
const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" }) as Error;

test("the file is durable and whole: WAL, and integrity_check says ok", () => {
  const store = open();
  store.create({ id: "c" });
  store.close();
  expect(pragma("journal_mode")).toBe("wal");
  expect(pragma("integrity_check")).toBe("ok");
});

test("what was pending when the server ended is interrupted when it starts, with its text", () => {
  const store = open();
  store.create({ id: "c" });
  store.addExchange(
    "c",
    blankMessage({ id: "q", parentId: null, role: "user", text: "Hi", status: "complete", createdAtMs: 1 }),
    blankMessage({ id: "a", parentId: "q", role: "assistant", status: "pending", createdAtMs: 1 }),
  );
  store.writeReply("a", { text: "Half an", thought: "", thoughtMs: null });
  store.close();
  expect(open().message("c", "a")).toMatchObject({
    status: "interrupted",
    text: "Half an",
    error: { code: "CANCELLED" },
  });
});

describe("a file that cannot be used is put aside and never deleted (P6)", () => {
  const garbage = Buffer.from("this is no database ".repeat(400));

  test.each([
    ["of random bytes", () => writeFileSync(filePath, garbage)],
    ["cut in half", () => writeFileSync(filePath, readFileSync(filePath).subarray(0, 10_000))],
    [
      "torn in the middle",
      () => {
        const bytes = readFileSync(filePath);
        garbage.copy(bytes, 4096, 0, 4096);
        writeFileSync(filePath, bytes);
      },
    ],
    [
      "of another program",
      () => {
        rmSync(filePath);
        const database = new Database(filePath);
        database.exec("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
        database.close();
      },
    ],
    [
      "of a newer version",
      () => {
        const database = new Database(filePath);
        database.exec("PRAGMA user_version = 99");
        database.close();
      },
    ],
  ])("%s", async (_title, damage) => {
    const before = open();
    before.create({ id: "kept", title: "Kept" });
    await before.backUp();
    before.close();
    damage();
    const damaged = readFileSync(filePath);
    const after = open();
    expect(after.list().map(({ title }) => title)).toEqual(["Kept"]);
    expect(after.notice).toContain("the last backup was restored");
    const [aside = ""] = brokenFiles();
    expect(readFileSync(join(folder, "data", aside)).equals(damaged)).toBe(true);
  });

  test("at the next use, where the system does not move it at once", async () => {
    const before = open();
    before.create({ id: "kept", title: "Kept" });
    await before.backUp();
    before.close();
    writeFileSync(filePath, garbage);
    let refusals = 1;
    const database = new ChatDatabase({
      filePath,
      move: (from, to) => {
        // As Windows says of a file that the driver has not closed yet.
        if (refusals-- > 0) throw Object.assign(new Error("EBUSY: resource busy or locked"), { code: "EBUSY" });
        renameSync(from, to);
      },
    });
    expect(() => database.all("SELECT id FROM chat")).toThrow(unavailable);
    expect(database.all("SELECT id FROM chat")).toEqual([{ id: "kept" }]);
    expect(database.notice).toContain("it is damaged or not a database");
    expect(brokenFiles().length).toBe(1);
  });

  test("emptied, where there is a backup", async () => {
    const before = open();
    before.create({ id: "kept", title: "Kept" });
    await before.backUp();
    before.close();
    writeFileSync(filePath, "");
    expect(open().list().length).toBe(1);
  });

  test("without a backup a new history is started, and that is said", () => {
    open().close();
    const store = open();
    store.list();
    store.close();
    writeFileSync(filePath, garbage);
    const after = open();
    expect(after.list()).toEqual([]);
    expect(after.notice).toContain("a new history was started");
    expect(brokenFiles().length).toBe(1);
  });
});

test("a database that another program holds is an error with words within a second, and works when it lets go (P5)", () => {
  const store = open();
  store.create({ id: "c" });
  const other = new Database(filePath);
  other.exec("BEGIN IMMEDIATE");
  const startedAt = performance.now();
  expect(() => store.create({ id: "d" })).toThrow(unavailable);
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(store.list().length).toBe(1);
  other.exec("ROLLBACK");
  other.close();
  store.create({ id: "d" });
  expect(store.list().length).toBe(2);
});

test("P3 a database that cannot grow is an error with words, keeps what it has, and goes on when it can", () => {
  const database = new ChatDatabase({ filePath });
  const add = (key: number) =>
    database.run(
      "INSERT INTO chat (id, title, title_source, created_at_ms, updated_at_ms) VALUES (?, ?, 'auto', 1, 1)",
      `${key}`,
      "A title. ".repeat(1000),
    );
  const count = () => database.get("SELECT count(*) AS chats FROM chat")?.chats;
  add(0);
  // SQLite reports a page limit with the same error as a full disk.
  database.all("PRAGMA max_page_count = 1");
  let added = 1;
  const fill = () => {
    for (; added < 1000; added += 1) add(added);
  };
  expect(fill).toThrow(expect.objectContaining({ code: "DISK_FULL" }) as Error);
  expect(count()).toBe(added);
  database.all("PRAGMA max_page_count = 100000");
  add(added);
  expect(count()).toBe(added + 1);
  database.close();
});

test("a file that vanished is an error once, and then a new history (P4)", () => {
  const store = open();
  store.create({ id: "c" });
  rmSync(join(folder, "data"), { recursive: true });
  expect(() => store.create({ id: "d" })).toThrow(unavailable);
  store.create({ id: "e" });
  expect(existsSync(filePath)).toBe(true);
});

test("a data folder that cannot be one is an error with words (P4)", () => {
  writeFileSync(join(folder, "data"), "a file where the folder should be");
  expect(() => open().create({ id: "c" })).toThrow(unavailable);
});
