import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { ModelFiles } from "../library/model-files";
import { Uploads } from "./uploads";

let folder: string;
let modelsFolder: string;
let timers: ManualTimers;
let uploads: Uploads;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-uploads-"));
  modelsFolder = join(folder, "models");
  mkdirSync(modelsFolder);
  timers = new ManualTimers();
  uploads = new Uploads({ modelsFolder, timers });
});
afterEach(async () => {
  await uploads.shutdown();
});

const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
const whole = Buffer.concat([header, Buffer.alloc(fileBytes - header.byteLength, 7)]);
const PIECE = 4 * 1024 * 1024;

const streamOf = (bytes: Uint8Array): Readable => Readable.from([bytes.slice()]);

async function send(fileName: string, bytes: Uint8Array, announcedBytes = bytes.byteLength): Promise<string | null> {
  const id = await uploads.start(fileName, announcedBytes);
  let name: string | null = null;
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE)
    name = (await uploads.append(id, offset, streamOf(bytes.subarray(offset, offset + PIECE)))).name;
  return name;
}

const listed = () => readdirSync(modelsFolder, { recursive: true, encoding: "utf8" });

it("places a file when it is whole, byte for byte, and shows nothing of it before", async () => {
  const id = await uploads.start("a.gguf", whole.byteLength);
  await uploads.append(id, 0, streamOf(whole.subarray(0, PIECE)));
  expect(await new ModelFiles({ modelsFolder }).listModels()).toEqual([]);
  await uploads.cancel(id);
  expect(await send("a.gguf", whole)).toBe("a.gguf");
  expect(readFileSync(join(modelsFolder, "a.gguf")).equals(whole)).toBe(true);
  expect(listed()).toEqual(["a.gguf"]);
});

describe("what is no model is refused with its first piece, and leaves nothing", () => {
  const later = Buffer.from(whole);
  later.writeUInt32LE(99, 4);
  it.each([
    ["a page", Buffer.from("<!doctype html>".repeat(2 ** 20)), "NOT_GGUF"],
    ["an empty archive", Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(2 ** 23)]), "NOT_GGUF"],
    ["another version", later, "UNSUPPORTED_VERSION"],
  ])("%s", async (_what, bytes, code) => {
    const id = await uploads.start("a.gguf", bytes.byteLength);
    expect(await uploads.append(id, 0, streamOf(bytes.subarray(0, 65_536))).then(String, codeOf)).toBe(code);
    expect(listed()).toEqual([]);
    expect(await uploads.append(id, 65_536, streamOf(whole.subarray(0, 0))).then(String, codeOf)).toBe("NOT_FOUND");
  });

  it("a model whose tensors do not fit in the announced size", async () => {
    expect(await send("a.gguf", whole.subarray(0, fileBytes - 1000)).then(String, codeOf)).toBe("CORRUPT_MODEL");
    expect(listed()).toEqual([]);
  });

  it("a file that is larger than announced", async () => {
    expect(await send("a.gguf", Buffer.concat([whole, whole]), whole.byteLength).then(String, codeOf)).toBe(
      "INVALID_INPUT",
    );
    expect(existsSync(join(modelsFolder, ".downloads"))).toBe(false);
  });
});

it.each([
  "../a.gguf",
  "a/b.gguf",
  "a\\b.gguf",
  "/etc/x.gguf",
  "C:x.gguf",
  "a\u0000.gguf",
  "con.gguf",
  ".gguf",
  "a.txt",
  ".hidden.gguf",
])("S11 takes no file named %j", async name => {
  expect(await uploads.start(name, fileBytes).then(String, codeOf)).toBe("INVALID_INPUT");
  expect(listed()).toEqual([]);
});

it("replaces no file: not one that is there before, and not one that came meanwhile", async () => {
  writeFileSync(join(modelsFolder, "a.gguf"), "mine");
  expect(await uploads.start("a.gguf", fileBytes).then(String, codeOf)).toBe("INVALID_INPUT");
  const id = await uploads.start("b.gguf", whole.byteLength);
  writeFileSync(join(modelsFolder, "b.gguf"), "mine");
  await uploads.append(id, 0, streamOf(whole.subarray(0, PIECE)));
  const rest = Promise.resolve().then(async () => {
    for (let offset = PIECE; offset < whole.byteLength; offset += PIECE)
      await uploads.append(id, offset, streamOf(whole.subarray(offset, offset + PIECE)));
  });
  expect(await rest.then(String, codeOf)).toBe("INVALID_INPUT");
  expect(listed().sort()).toEqual(["a.gguf", "b.gguf"]);
  expect(readFileSync(join(modelsFolder, "b.gguf"), "utf8")).toBe("mine");
});

it("takes one copy of a name at a time: two windows do not write one file", async () => {
  await uploads.start("a.gguf", fileBytes);
  expect(await uploads.start("A.gguf", fileBytes).then(String, codeOf)).toBe("BUSY");
});

it("takes pieces only in order", async () => {
  const id = await uploads.start("a.gguf", whole.byteLength);
  await uploads.append(id, 0, streamOf(whole.subarray(0, PIECE)));
  await expect(uploads.append(id, 0, streamOf(whole.subarray(0, 0)))).rejects.toThrow(`offsetBytes must be ${PIECE}`);
  await expect(uploads.append("nobody", 0, streamOf(whole.subarray(0, 0)))).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

it("says before that the disk has no room", async () => {
  await expect(uploads.start("a.gguf", 2 ** 52)).rejects.toThrow(
    /^a\.gguf has 4194304\.00 GiB, and the disk of the models folder has room for [\d.]+ .iB\.$/,
  );
  expect(listed()).toEqual([]);
});

it("says that the models folder is gone", async () => {
  const id = await uploads.start("a.gguf", whole.byteLength);
  rmSync(modelsFolder, { recursive: true });
  await expect(uploads.append(id, 0, streamOf(whole.subarray(0, PIECE)))).rejects.toThrow(
    `The models folder ${modelsFolder} is not there.`,
  );
});

it("removes what was given up: cancelled, or without a piece for ten minutes", async () => {
  for (const giveUp of [(id: string) => uploads.cancel(id), () => timers.advance(10 * 60 * 1000)]) {
    const id = await uploads.start("a.gguf", whole.byteLength);
    await uploads.append(id, 0, streamOf(whole.subarray(0, PIECE)));
    expect(listed()).not.toEqual([]);
    await giveUp(id);
    await vi.waitFor(() => expect(listed()).toEqual([]));
  }
});
