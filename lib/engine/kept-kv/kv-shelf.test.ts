import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Token } from "node-llama-cpp";
import { beforeEach, describe, expect, it } from "vitest";
import { type KeptSequence, KvShelf } from "./kv-shelf";

const tokensOf = (count: number, first = 0): Token[] =>
  Array.from({ length: count }, (_, index) => (first + index) as Token);
const LONG = tokensOf(600);

/** Its state is the list of its tokens as JSON. */
class FakeSequence implements KeptSequence {
  loads = 0;
  onLoad = () => {};

  constructor(public contextTokens: Token[] = []) {}

  async saveStateToFile(path: string) {
    const text = JSON.stringify(this.contextTokens);
    await writeFile(path, text);
    return { fileSize: text.length };
  }

  async loadStateFromFile(path: string) {
    this.loads += 1;
    this.onLoad();
    this.contextTokens = JSON.parse(readFileSync(path, "utf8"));
  }

  async clearHistory() {
    this.contextTokens = [];
  }
}

describe("KvShelf", () => {
  let folder = "";
  const shelf = (load = "a model", mostBytes?: number) =>
    new KvShelf({ folder, load, ...(mostBytes !== undefined && { mostBytes }) });
  const path = (kind: string) => join(folder, `chat.${kind}`);
  const restored = async (load?: string, prompt = LONG) => {
    const sequence = new FakeSequence();
    await shelf(load).restore(sequence, "chat", prompt);
    return sequence;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "headroom-kv-"));
    await shelf().keep(new FakeSequence(LONG), "chat");
  });

  it("gives a chat its tokens back", async () => {
    expect((await restored()).contextTokens).toEqual(LONG);
    expect((await restored(undefined, [...LONG, ...tokensOf(9)])).contextTokens).toEqual(LONG);
    expect(readdirSync(folder).sort()).toEqual(["chat.json", "chat.kv"]);
  });

  it("leaves the sequence alone where the state saves little", async () => {
    expect((await restored(undefined, tokensOf(600, 5000))).loads).toBe(0);
    const warm = new FakeSequence(LONG.slice(0, 500));
    await shelf().restore(warm, "chat", LONG);
    expect(warm.loads).toBe(0);
    expect(existsSync(path("kv"))).toBe(true);
  });

  const faults: [string, () => void, string?][] = [
    ["of another model, cache or release", () => {}, "another model"],
    ["that is cut", () => truncateSync(path("kv"), 100)],
    ["with one changed byte", () => writeFileSync(path("kv"), readFileSync(path("kv"), "utf8").replace("1", "2"))],
    ["that is empty", () => truncateSync(path("kv"), 0)],
    ["that is missing", () => rmSync(path("kv"))],
    ["whose manifest is cut", () => truncateSync(path("json"), 20)],
    ["whose manifest is of another version", () => writeFileSync(path("json"), '{"version":2}')],
  ];

  it.each(faults)("never gives llama.cpp a state %s, and deletes it", async (_, damage, load) => {
    damage();
    const sequence = await restored(load);
    expect(sequence.loads).toBe(0);
    expect(sequence.contextTokens).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("reads the chat again where llama.cpp refuses the state", async () => {
    const sequence = new FakeSequence(tokensOf(3));
    sequence.onLoad = () => {
      throw new Error("failed to restore kv cache");
    };
    await shelf().restore(sequence, "chat", LONG);
    expect(sequence.contextTokens).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not try a state again that ended the process", async () => {
    const dying = new FakeSequence();
    let atDeath: string[] = [];
    dying.onLoad = () => {
      atDeath = readdirSync(folder).sort();
    };
    await shelf().restore(dying, "chat", LONG);
    // What a process that ends now leaves behind.
    expect(atDeath).toEqual(["chat.kv", "chat.tried"]);
    await shelf().restore(dying, "chat", LONG);
    writeFileSync(path("tried"), readFileSync(path("json")));
    truncateSync(path("json"), 0);
    const sequence = await restored();
    expect(sequence.loads).toBe(0);
  });

  it("keeps no short chat, and none whose name could be a path", async () => {
    await shelf().keep(new FakeSequence(tokensOf(200)), "short");
    await shelf().keep(new FakeSequence(LONG), "../outside");
    expect(readdirSync(folder).sort()).toEqual(["chat.json", "chat.kv"]);
  });

  it("leaves nothing of a state that could not be written", async () => {
    const full = new FakeSequence(LONG);
    full.saveStateToFile = async to => {
      await writeFile(to, "half");
      throw new Error("no space left on device");
    };
    await shelf().keep(full, "other");
    expect(readdirSync(folder).sort()).toEqual(["chat.json", "chat.kv"]);
  });

  it("drops the chat that was used longest ago when the limit is reached", async () => {
    // A state of 600 tokens is 2,291 bytes: 10 of one digit, 90 of two, 500 of three, with commas and brackets.
    const small = shelf("a model", 6000);
    utimesSync(path("json"), 1000, 1000);
    await small.keep(new FakeSequence(LONG), "second");
    expect(existsSync(path("kv"))).toBe(true);
    await small.keep(new FakeSequence(LONG), "third");
    expect(readdirSync(folder).sort()).toEqual(["second.json", "second.kv", "third.json", "third.kv"]);
  });

  it("keeps no state that would fill half of the limit", async () => {
    await shelf("a model", 4000).keep(new FakeSequence(LONG), "large");
    expect(existsSync(join(folder, "large.kv"))).toBe(false);
  });

  it("deletes what a crash left", async () => {
    writeFileSync(join(folder, "half.part"), "half");
    writeFileSync(join(folder, "alone.kv"), "no manifest");
    await shelf().tidy();
    expect(readdirSync(folder).sort()).toEqual(["chat.json", "chat.kv"]);
  });
});
