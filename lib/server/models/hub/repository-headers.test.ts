import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { quantizedFiles } from "@/lib/server/testing/stand-ins/quantized-files";
import { type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { KnownProfiles } from "./known-profiles";
import { listRepository, type RepositoryFile } from "./remote-repository";
import { RepositoryHeaders } from "./repository-headers";

const ADDRESS = {
  kind: "repository",
  owner: "owner",
  repository: "repo",
  revision: "main",
  quantization: null,
} as const;

let hub: StandInHub;
let folder: string;
beforeEach(async () => {
  hub = await StandInHub.start();
  folder = mkdtempSync(join(tmpdir(), "headroom-profiles-"));
});
afterEach(() => hub.stop());

const llama = () => modelShape("llama-3.1-8b").gguf;

async function listed(files: Readonly<Record<string, StandInFile>>): Promise<readonly RepositoryFile[]> {
  hub.serveRepository("owner/repo", files);
  return (await listRepository(ADDRESS, options())).files;
}
const profiles = (version = "1") => new KnownProfiles({ folder, version });
const options = () => ({ endpoint: hub.origin, token: null });
const profileOf = ({ start, fileBytes }: StandInFile) => {
  const parsed = parseGguf(start, fileBytes);
  if (parsed.kind === "need") throw new Error("the header is not whole");
  return parsed.profile;
};

test("reads the vocabulary of a model once for all its quantizations, and each profile is the file's own", async () => {
  const files = quantizedFiles(llama(), { stem: "m", tokens: 20_000 });
  const list = await listed(files);
  const reading = new RepositoryHeaders(options(), profiles()).begin(new AbortController().signal);
  const [first = 0, ...later] = await inTurn(list, async file => {
    const { profile, readBytes } = await reading.read(file);
    const own = files[file.name];
    expect(own && profileOf(own)).toEqual(profile);
    return readBytes;
  });
  // 60,000 strings of about 18 bytes with their lengths: more than a megabyte.
  expect(first).toBeGreaterThan(1_000_000);
  for (const readBytes of later) expect(readBytes).toBeLessThan(100_000);
});

test("reads 20 quantizations of a model with a real vocabulary in under 12 MB", async () => {
  const files = quantizedFiles(llama(), { stem: "m", copies: 4 });
  const list = await listed(Object.fromEntries(Object.entries(files).slice(0, 20)));
  expect(list).toHaveLength(20);
  // 128,256 tokens and 256,512 merges: each header alone has more than half of that.
  expect(Math.min(...list.map(({ name }) => files[name]?.start.byteLength ?? 0))).toBeGreaterThan(6_000_000);
  const bytes = await bytesToRead(new RepositoryHeaders(options(), profiles()), list);
  expect(bytes.reduce((sum, readBytes) => sum + readBytes)).toBeLessThan(12_000_000);
  expect(hub.sentBytes).toBeLessThan(12_000_000);
}, 60_000);

test("never takes another vocabulary of the same length", async () => {
  const shape = llama();
  const [one] = Object.values(quantizedFiles(shape, { stem: "m", tokens: 20_000 }));
  if (one === undefined) throw new Error("there is no file");
  const start = Uint8Array.from(one.start);
  // The last token of the other model has other letters: its end is compared.
  const at = Buffer.from(start).lastIndexOf("to ken39999");
  expect(at).toBeGreaterThan(0);
  start.set(Buffer.from("XX"), at);
  const [first, second] = await listed({ "m-Q4_K_M.gguf": one, "m-Q8_0.gguf": { ...one, start } });
  if (first === undefined || second === undefined) throw new Error("two files were listed");
  const reading = new RepositoryHeaders(options(), profiles()).begin(new AbortController().signal);
  await reading.read(first);
  expect((await reading.read(second)).readBytes).toBeGreaterThan(1_000_000);
});

test("takes the vocabulary although a longer name before it moves it", async () => {
  const shape = llama();
  const named = { ...shape, metadata: { ...shape.metadata, "general.name": "a much longer name than the other has" } };
  const own = quantizedFiles(named, { stem: "m", tokens: 20_000 })["m-Q8_0.gguf"];
  const other = quantizedFiles(shape, { stem: "m", tokens: 20_000 })["m-Q2_K.gguf"];
  if (own === undefined || other === undefined) throw new Error("there is no such file");
  const [first, second] = await listed({ "m-Q2_K.gguf": other, "m-Q8_0.gguf": own });
  if (first === undefined || second === undefined) throw new Error("two files were listed");
  const reading = new RepositoryHeaders(options(), profiles()).begin(new AbortController().signal);
  await reading.read(first);
  const { profile, readBytes } = await reading.read(second);
  expect(profile).toEqual(profileOf(own));
  expect(readBytes).toBeLessThan(100_000);
});

async function bytesToRead(headers: RepositoryHeaders, list: readonly RepositoryFile[]): Promise<number[]> {
  const reading = headers.begin(new AbortController().signal);
  const bytes = await inTurn(list, async file => (await reading.read(file)).readBytes);
  reading.end();
  return bytes;
}

test("reads a file again only when its hash has changed", async () => {
  const headers = new RepositoryHeaders(options(), profiles());
  const files = quantizedFiles(llama(), { stem: "m", tokens: 2000 });
  await bytesToRead(headers, await listed(files));
  expect(await bytesToRead(headers, await listed(files))).toEqual([0, 0, 0, 0, 0, 0]);
  const changed = quantizedFiles(llama(), { stem: "m", tokens: 2001 })["m-Q2_K.gguf"];
  if (changed === undefined) throw new Error("there is no such file");
  const again = await bytesToRead(headers, await listed({ ...files, "m-Q2_K.gguf": changed }));
  expect(again.filter(bytes => bytes > 0)).toHaveLength(1);
});

describe("after a restart", () => {
  const SHAPES = [
    "llama-3.1-8b",
    "gemma-3-12b",
    "qwen3-30b-a3b",
    "deepseek-v2-lite",
    "granite-4.0-h-tiny",
    "mamba-2.8b",
  ];
  const shapes = () =>
    Object.fromEntries(
      SHAPES.map(id => {
        const { header, fileBytes } = shapeFile(modelShape(id));
        return [`${id}.gguf`, { start: header, fileBytes }];
      }),
    );
  const restarted = (version?: string) => new RepositoryHeaders(options(), profiles(version));

  test("no header is read again, and each profile is the file's own", async () => {
    const files = shapes();
    const list = await listed(files);
    expect(Math.min(...(await bytesToRead(restarted(), list)))).toBeGreaterThan(0);
    const reading = restarted().begin(new AbortController().signal);
    for (const file of list) {
      const own = files[file.name];
      expect(await reading.read(file)).toEqual({ profile: own && profileOf(own), readBytes: 0 });
    }
  });

  test("another version of Headroom and a damaged file read the header again", async () => {
    const list = await listed(shapes());
    await bytesToRead(restarted(), list);
    expect(Math.min(...(await bytesToRead(restarted("2"), list)))).toBeGreaterThan(0);
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"key":');
    expect(Math.min(...(await bytesToRead(restarted("2"), list)))).toBeGreaterThan(0);
  });

  test("only the files that were used last are kept", async () => {
    const few = () => new RepositoryHeaders(options(), new KnownProfiles({ folder, version: "1", most: 2 }));
    const list = await listed(shapes());
    await bytesToRead(few(), list);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(await bytesToRead(few(), list.slice(-2))).toEqual([0, 0]);
  });

  test("a folder that cannot be written to costs only another request", async () => {
    const file = join(folder, "taken");
    writeFileSync(file, "");
    const headers = () =>
      new RepositoryHeaders(options(), new KnownProfiles({ folder: join(file, "below"), version: "1" }));
    const list = await listed(shapes());
    expect(Math.min(...(await bytesToRead(headers(), list)))).toBeGreaterThan(0);
    expect(Math.min(...(await bytesToRead(headers(), list)))).toBeGreaterThan(0);
  });
});

async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
