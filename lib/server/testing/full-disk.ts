import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { blankMessage } from "@/lib/schema/chat";
import { ChatStore } from "@/lib/server/chat/chat-store";
import { SettingsStore } from "@/lib/server/settings/settings-store";
import { errorAnswer } from "@/lib/server/system/error-table";

/**
 * Chats and settings in a folder whose disk is filled, reopened while full, and freed. Prints the results as JSON.
 * Argument: the folder, on a small disk of its own.
 */
const [, , folder = ""] = process.argv;
const filePath = join(folder, "data", "chats.sqlite");
const ballastPath = join(folder, "ballast");
const BALLAST_BYTES = [65_536, 4096, 1];
const MOST_TURNS = 2000;

let saved = 0;

function fill(): void {
  const handle = openSync(ballastPath, "a");
  for (const bytes of BALLAST_BYTES) while (writes(handle, bytes));
  closeSync(handle);
}

function writes(handle: number, bytes: number): boolean {
  try {
    return writeSync(handle, Buffer.alloc(bytes)) === bytes;
  } catch {
    return false;
  }
}

function ask(store: ChatStore): void {
  const [id, parentId] = [`q${saved}`, saved === 0 ? null : `a${saved - 1}`];
  store.addExchange(
    "chat",
    blankMessage({ id, parentId, role: "user", status: "complete", text: `Question ${saved}` }),
    blankMessage({
      id: `a${saved}`,
      parentId: id,
      role: "assistant",
      status: "complete",
      text: "An answer. ".repeat(50),
    }),
  );
  saved += 1;
}

/** What a client would be told; "done" when it went well. */
async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    return errorAnswer(error).body.code;
  }
}

/** The first failure, because a log may still have room for a message or two. */
async function untilRefused(store: ChatStore): Promise<string> {
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const told = await outcome(() => ask(store));
    if (told !== "done") return told;
  }
  return "never refused";
}

const readBack = async (store: ChatStore) => ({
  chats: await outcome(() => store.list()),
  missing: saved * 2 - store.messages("chat").length,
  notice: store.notice,
});

const settings = new SettingsStore({ folder });
const before = new ChatStore({ filePath });
before.create({ id: "chat" });
ask(before);
await settings.patch({ N_CTX: 1024 });

fill();
const whileFull = {
  asked: await untilRefused(before),
  changed: await outcome(() => settings.patch({ N_CTX: 2048 })),
  contextTokens: settings.read().N_CTX,
  read: await readBack(before),
};

before.close();
fill();
const after = new ChatStore({ filePath });
const startedWhileFull = {
  read: await readBack(after),
  asked: await untilRefused(after),
  contextTokens: new SettingsStore({ folder }).read().N_CTX,
};

rmSync(ballastPath);
const withRoom = {
  asked: await outcome(() => ask(after)),
  changed: await outcome(() => settings.patch({ N_CTX: 4096 })),
  read: await readBack(after),
};
after.close();
console.log(JSON.stringify({ whileFull, startedWhileFull, withRoom, files: readdirSync(folder).sort() }));
