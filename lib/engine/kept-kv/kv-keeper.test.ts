import { existsSync, mkdtempSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Token } from "node-llama-cpp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SequencePool } from "../sequences/sequence-pool";
import { KvKeeper } from "./kv-keeper";
import { KvShelf } from "./kv-shelf";

const IDLE_MS = 10_000;

const longSequence = (needsCheckpoints = false) => ({
  needsCheckpoints,
  contextTokens: Array.from({ length: 600 }, (_, index) => index as Token),
  async saveStateToFile(path: string) {
    await writeFile(path, "state");
    return { fileSize: 5 };
  },
  async loadStateFromFile() {},
  async clearHistory() {},
});

describe("KvKeeper", () => {
  let folder = "";
  let sequence = longSequence();
  let pool = new SequencePool([sequence]);
  let keeper = new KvKeeper(pool, "a model");
  const keep = vi.spyOn(KvShelf.prototype, "keep");

  function rig(needsCheckpoints = false) {
    sequence = longSequence(needsCheckpoints);
    pool = new SequencePool([sequence]);
    keeper = new KvKeeper(pool, "a model");
  }
  const answerOf = async (chatId: string | null) => {
    const chat = chatId === null ? null : { chatId, folder };
    const { release } = await pool.take(sequence.contextTokens, chatId);
    await keeper.begin(sequence, chat, sequence.contextTokens);
    return () => {
      release();
      keeper.end(sequence, chat);
    };
  };
  const keptChats = () => keep.mock.calls.map(([, chatId]) => chatId);

  beforeEach(() => {
    vi.useFakeTimers();
    keep.mockClear();
    folder = mkdtempSync(join(tmpdir(), "headroom-kv-"));
    rig();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("writes a chat once nobody has written in it for ten seconds", async () => {
    (await answerOf("chat"))();
    vi.advanceTimersByTime(IDLE_MS - 1);
    expect(keptChats()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(keptChats()).toEqual(["chat"]);
    vi.advanceTimersByTime(10 * IDLE_MS);
    expect(keptChats()).toEqual(["chat"]);
  });

  it("waits with it while an answer is written", async () => {
    (await answerOf("chat"))();
    const end = await answerOf("chat");
    vi.advanceTimersByTime(10 * IDLE_MS);
    expect(keptChats()).toEqual([]);
    end();
    vi.advanceTimersByTime(IDLE_MS);
    expect(keptChats()).toEqual(["chat"]);
  });

  it("does not write a chat whose cache another request has taken", async () => {
    (await answerOf("chat"))();
    (await answerOf(null))();
    await keeper.close();
    expect(keptChats()).toEqual([]);
  });

  it("writes what is unsaved before the context goes", async () => {
    (await answerOf("chat"))();
    await keeper.close();
    expect(existsSync(join(folder, "chat.kv"))).toBe(true);
  });

  it("keeps no cache that cannot be cut to a prefix", async () => {
    rig(true);
    (await answerOf("chat"))();
    await keeper.close();
    expect(keptChats()).toEqual([]);
  });
});
