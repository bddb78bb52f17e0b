import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { RemotePart } from "./remote-header";
import { RemoteHeaderStore } from "./remote-header-store";

const ADDRESS = "https://hub.example/o/r/resolve/main/model.gguf";
const GIB = 1024 ** 3;

let home: string;
let folder: string;
let store: RemoteHeaderStore;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "headroom-headers-"));
  folder = join(home, "remote");
  store = new RemoteHeaderStore(folder);
});

const part = (text: string, change: Partial<RemotePart> = {}): RemotePart => ({
  url: ADDRESS,
  bytes: Buffer.from(text),
  fileBytes: 100 * GIB,
  etag: '"1"',
  ...change,
});

const identityOf = (path: string) => {
  const { size, mtimeMs } = statSync(path);
  return { path, size, mtimeMs };
};

const age = (path: string, ms: number): void => {
  const then = new Date(Date.now() - ms);
  utimesSync(path, then, then);
};

test("keeps a header as a file of the model's size that takes the header's room", async () => {
  const path = await store.keep(ADDRESS, [part("GGUF and so on")]);
  const { size, blocks } = statSync(path);
  expect(size).toBe(100 * GIB);
  // 512 bytes each: one page for the header.
  expect(blocks * 512).toBeLessThan(64 * 1024);
  expect(await store.find(ADDRESS)).toMatchObject({ path, versions: [{ fileBytes: 100 * GIB, etag: '"1"' }] });
  expect(await store.find(`${ADDRESS}?other`)).toBeNull();
});

test("keeps the parts of a split under names that lead llama.cpp from the first to the others", async () => {
  const path = await store.keep(ADDRESS, [part("one", { fileBytes: 1000 }), part("two", { fileBytes: 2000 })]);
  const parts = readdirSync(join(path, "..")).filter(name => name.endsWith(".gguf"));
  expect(parts.sort()).toEqual(["model-00001-of-00002.gguf", "model-00002-of-00002.gguf"]);
  expect(path.endsWith("model-00001-of-00002.gguf")).toBe(true);
});

test("D7 takes nothing of the file's name from the address", async () => {
  const path = await store.keep("https://evil.example/..%2F..%2Fx.gguf", [part("GGUF")]);
  expect(path).toMatch(/\/remote\/[0-9a-f]{24}-[0-9a-f]{24}\/model\.gguf$/);
});

test("gives the same content the same path and time again, and other content another", async () => {
  const first = identityOf(await store.keep(ADDRESS, [part("GGUF")]));
  rmSync(folder, { recursive: true });
  expect(identityOf(await store.keep(ADDRESS, [part("GGUF", { etag: '"2"' })]))).toEqual(first);
  expect(await store.keep(ADDRESS, [part("GGUF", { fileBytes: 99 * GIB })])).not.toBe(first.path);
});

test("drops what was kept for an address when it has changed", async () => {
  const old = await store.keep(ADDRESS, [part("GGUF old", { fileBytes: 8 })]);
  const path = await store.keep(ADDRESS, [part("GGUF new", { fileBytes: 8 })]);
  expect(readFileSync(path, "latin1")).toBe("GGUF new");
  expect(readdirSync(folder)).toHaveLength(1);
  expect(existsSync(old)).toBe(false);
});

test("keeps no more models than its limit, and drops the one not asked for longest", async () => {
  store = new RemoteHeaderStore(folder, { models: 2, headerBytes: 1e6 });
  const record = (path: string) => join(path, "..", "record.json");
  const first = await store.keep("https://a.example/1.gguf", [part("1")]);
  const second = await store.keep("https://a.example/2.gguf", [part("2")]);
  age(record(first), 60_000);
  age(record(second), 30_000);
  await store.confirm("https://a.example/1.gguf");
  await store.keep("https://a.example/3.gguf", [part("3")]);
  const kept = await Promise.all([1, 2, 3].map(name => store.find(`https://a.example/${name}.gguf`)));
  expect(kept.map(model => model !== null)).toEqual([true, false, true]);
});

test("keeps no more bytes than its limit, but always the newest", async () => {
  store = new RemoteHeaderStore(folder, { models: 10, headerBytes: 100 });
  await store.keep("https://a.example/1.gguf", [part("x".repeat(60))]);
  const path = await store.keep("https://a.example/2.gguf", [part("x".repeat(160))]);
  expect(readdirSync(folder)).toHaveLength(1);
  expect((await store.find("https://a.example/2.gguf"))?.path).toBe(path);
});

test("does not find what is damaged, and puts it right", async () => {
  const path = await store.keep(ADDRESS, [part("GGUF")]);
  truncateSync(path, 10);
  expect(await store.find(ADDRESS)).toBeNull();
  expect(await store.keep(ADDRESS, [part("GGUF")])).toBe(path);
  expect(await store.find(ADDRESS)).not.toBeNull();
});

test("clears away what a crash has left, and nothing that is being written", async () => {
  const left = join(folder, "a-b.1.part");
  const running = join(folder, "a-b.2.part");
  for (const path of [left, running]) mkdirSync(path, { recursive: true });
  age(left, 2 * 60 * 60 * 1000);
  await store.keep(ADDRESS, [part("GGUF")]);
  expect(readdirSync(folder).filter(name => name.endsWith(".part"))).toEqual(["a-b.2.part"]);
});

test("leaves nothing behind when it cannot write", async () => {
  // Larger than any file can be.
  await expect(store.keep(ADDRESS, [part("GGUF", { fileBytes: 2 ** 53 - 1 })])).rejects.toThrow();
  expect(readdirSync(folder)).toEqual([]);
});
