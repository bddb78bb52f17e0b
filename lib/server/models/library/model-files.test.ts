import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import type { WritableValue } from "@/lib/gguf/testing/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { withoutRoot } from "@/lib/server/testing/without-root";
import { ModelFiles } from "./model-files";

let folder: string;
let modelsFolder: string;
let models: ModelFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-models-"));
  modelsFolder = join(folder, "models");
  mkdirSync(join(modelsFolder, "mistral_v0.1"), { recursive: true });
  models = new ModelFiles({ modelsFolder });
});

/** A small Llama with sparse zeros for weights. */
function writeModel(path: string, moreMetadata: Readonly<Record<string, WritableValue>> = {}): string {
  const shape = modelShape("small-llama-2");
  const gguf = { ...shape.gguf, metadata: { ...shape.gguf.metadata, ...moreMetadata } };
  const { header, fileBytes } = shapeFile({ ...shape, gguf });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, header);
  truncateSync(path, fileBytes);
  return path;
}

const codeFor = (name: string): Promise<string> =>
  models
    .resolveModel(name)
    .then(path => models.readProfile(path))
    .then(() => "read", codeOf);

test("finds a model below the models folder and reads its header", async () => {
  const path = writeModel(join(modelsFolder, "mistral_v0.1", "small.gguf"));
  expect(await models.resolveModel("mistral_v0.1/small.gguf")).toBe(path);
  expect(await models.readProfile(path)).toMatchObject({ architecture: "llama", role: "text" });
  expect(models.nameOf(path)).toBe("mistral_v0.1/small.gguf");
});

test("reads a file again when it was replaced, and only then", async () => {
  const path = writeModel(join(modelsFolder, "small.gguf"));
  const first = await models.readProfile(path);
  expect(await models.readProfile(path)).toBe(first);
  writeFileSync(path, "<html>");
  await expect(models.readProfile(path)).rejects.toMatchObject({ code: "NOT_GGUF" });
});

test.each([
  ["missing.gguf", "MODEL_NOT_FOUND", () => {}],
  ["empty.gguf", "NOT_GGUF", (path: string) => writeFileSync(path, "")],
  ["page.gguf", "NOT_GGUF", (path: string) => writeFileSync(path, "<!doctype html><html></html>")],
  ["pointer.gguf", "NOT_GGUF", (path: string) => writeFileSync(path, "version https://git-lfs.github.com/spec/v1\n")],
  ["archive.gguf", "NOT_GGUF", (path: string) => writeFileSync(path, "PK\u0003\u0004 and so on, long enough")],
  ["folder.gguf", "NOT_A_FILE", (path: string) => mkdirSync(path)],
  ["pipe.gguf", "NOT_A_FILE", (path: string) => execFileSync("mkfifo", [path])],
  ["half.gguf", "CORRUPT_MODEL", (path: string) => truncateSync(writeModel(path), 5000)],
])("answers %s with %s in well under a second", async (name, code, make) => {
  make(join(modelsFolder, name));
  const startMs = Date.now();
  expect(await codeFor(name)).toBe(code);
  expect(Date.now() - startMs).toBeLessThan(5000);
});

test("never reads a device, also behind a trusted path", async context => {
  context.skip(process.platform !== "linux", "this system has no /dev/zero");
  const trusting = new ModelFiles({ modelsFolder, isTrusted: () => true });
  await expect(trusting.readProfile("/dev/zero")).rejects.toMatchObject({ code: "NOT_A_FILE" });
});

test("says that an unreadable file cannot be read", async () => {
  const path = writeModel(join(modelsFolder, "locked.gguf"));
  for (const folder of [modelsFolder, dirname(modelsFolder)]) chmodSync(folder, 0o755);
  chmodSync(path, 0);
  expect(await withoutRoot(() => codeFor("locked.gguf"))).toBe("NOT_A_FILE");
});

test.each([
  "",
  "..",
  "../secret.gguf",
  "a/../../secret.gguf",
  "./small.gguf",
  "a//b.gguf",
  "..\\secret.gguf",
  "%2e%2e/secret.gguf",
  "..%2Fsecret.gguf",
  "small.gguf\u0000.txt",
  "small\r\n.gguf",
  "C:secret.gguf",
  "C:\\secret.gguf",
  "\\\\server\\share\\model.gguf",
  "//server/share/model.gguf",
])("refuses the name %j", async name => {
  writeModel(join(folder, "secret.gguf"));
  expect(await codeFor(name)).toBe("INVALID_INPUT");
});

test("follows the links that the owner of the folder made: to a file, to a folder, within the folder", async () => {
  writeModel(join(folder, "elsewhere", "big.gguf"));
  writeModel(join(modelsFolder, "small.gguf"));
  symlinkSync(join(folder, "elsewhere", "big.gguf"), join(modelsFolder, "linked.gguf"));
  symlinkSync(join(folder, "elsewhere"), join(modelsFolder, "other-disk"));
  symlinkSync(join(modelsFolder, "small.gguf"), join(modelsFolder, "in.gguf"));
  for (const name of ["linked.gguf", "other-disk/big.gguf", "in.gguf"]) expect(await codeFor(name)).toBe("read");
  const names = (await models.listModels()).map(({ name }) => name);
  expect(names).toEqual(["in.gguf", "linked.gguf", "other-disk/big.gguf", "small.gguf"]);
});

test("S11 a name does not lead out by itself where a link is: not above it, and not by an absolute path of a page", async () => {
  writeModel(join(folder, "secret.gguf"));
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), join(modelsFolder, "link"));
  for (const name of ["link/../secret.gguf", "link/../../secret.gguf", "link\\..\\secret.gguf"])
    expect(await codeFor(name)).toBe("INVALID_INPUT");
});

test("headers that Headroom keeps of models elsewhere are not in the library, wherever its data is", async () => {
  writeModel(join(modelsFolder, "headroom/data/remote-headers/c892-76e8/model.gguf"));
  writeModel(join(modelsFolder, "headroom/models/own.gguf"));
  expect((await models.listModels()).map(({ name }) => name)).toEqual(["headroom/models/own.gguf"]);
});

test("a link in a circle ends, and a chain of folders without end is not followed", async () => {
  writeModel(join(modelsFolder, "a", "small.gguf"));
  symlinkSync(modelsFolder, join(modelsFolder, "a", "up"));
  symlinkSync(join(modelsFolder, "a"), join(modelsFolder, "a", "self"));
  expect((await models.listModels()).map(({ name }) => name)).toEqual(["a/small.gguf"]);
});

test("lists what cannot be used with the reason: a link to nothing, a circle of links, a pipe, a piece of a file", async () => {
  symlinkSync("/mnt/away/models", join(modelsFolder, "away"));
  symlinkSync("/mnt/away/x.gguf", join(modelsFolder, "gone.gguf"));
  symlinkSync(join(modelsFolder, "loop.gguf"), join(modelsFolder, "loop.gguf"));
  execFileSync("mkfifo", [join(modelsFolder, "pipe.gguf")]);
  writeFileSync(join(modelsFolder, "x.gguf.part1of2"), "GGUF");
  writeFileSync(join(modelsFolder, "notes.txt"), "no model");
  const problems = Object.fromEntries(
    (await models.listModels()).map(({ name, problem }) => [name, problem?.message ?? "usable"]),
  );
  expect(problems).toEqual({
    away: "This is a link to /mnt/away/models, and nothing is there: connect the disk that it is on, or remove the link.",
    "gone.gguf":
      "This is a link to /mnt/away/x.gguf, and nothing is there: connect the disk that it is on, or remove the link.",
    "loop.gguf": `This is a link to ${join(modelsFolder, "loop.gguf")}, which cannot be followed (ELOOP): link it to a file that is there, or remove it.`,
    "pipe.gguf": `${join(modelsFolder, "pipe.gguf")} is not a regular file.`,
    "x.gguf.part1of2":
      "x.gguf.part1of2 is a piece of x.gguf, which was cut by size. Join the pieces in its folder: cat x.gguf.part1of2 x.gguf.part2of2 > x.gguf (on Windows: copy /b x.gguf.part1of2+x.gguf.part2of2 x.gguf).",
  });
});

test("says of parts that were put together with cat what they are, and how to have the model", async () => {
  writeSplit(modelsFolder);
  const parts = [1, 2, 3].map(part => readFileSync(join(modelsFolder, partName("split", part))));
  writeFileSync(join(modelsFolder, "merged.gguf"), Buffer.concat(parts));
  const reading = models.readChatProfile(join(modelsFolder, "merged.gguf"));
  await expect(reading).rejects.toMatchObject({
    code: "CORRUPT_MODEL",
    message: expect.stringMatching(
      /one after the other, as cat puts them\..*-00001-of-00003\.gguf.*llama-gguf-split --merge/,
    ),
  });
});

test("a model below the home folder is found by ~", async () => {
  expect(await models.resolveModel("~/no-such-folder/x.gguf").catch(error => error.message)).toBe(
    `There is no GGUF file at ${JSON.stringify(join(homedir(), "no-such-folder/x.gguf"))}.`,
  );
});

test("never resolves a name to a path outside, whatever the name", async () => {
  const part = fc.oneof(fc.constantFrom("..", ".", "a", "/", "\\", "%2e", "C:", "\u0000", "~"), fc.string());
  const names = fc.array(part, { maxLength: 6 }).map(parts => parts.join("/").replace(/^\/+/, ""));
  await fc.assert(
    fc.asyncProperty(names, async name => {
      const path = await models.resolveInside(name).catch(() => null);
      expect(path === null || path.startsWith(`${modelsFolder}/`)).toBe(true);
      expect(path?.split("/") ?? []).not.toContain("..");
    }),
  );
});

test("takes an absolute path only to a GGUF file, and says the same of every other one", async () => {
  const outside = writeModel(join(folder, "elsewhere.gguf"));
  writeFileSync(join(folder, "secret.gguf"), "no model");
  writeFileSync(join(folder, "secret.txt"), "no model");
  expect(await codeFor(outside)).toBe("read");
  const answers = await Promise.all(
    ["secret.gguf", "secret.txt", "missing.gguf", "models"].map(name =>
      models
        .resolveModel(join(folder, name))
        .catch(error => `${codeOf(error)} ${error.message.replace(join(folder, name), "…")}`),
    ),
  );
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toMatch(/^MODEL_NOT_FOUND/);
});

test("tells what is wrong with an absolute path that the owner chose", async () => {
  const page = join(folder, "page.gguf");
  writeFileSync(page, "<html>");
  models = new ModelFiles({ modelsFolder, isTrusted: path => path === page });
  expect(await codeFor(page)).toBe("NOT_GGUF");
  expect(await codeFor(join(folder, "other.gguf"))).toBe("MODEL_NOT_FOUND");
});

test("lists what is in the folder, with the reason for each file that is no model", async () => {
  writeModel(join(modelsFolder, "mistral_v0.1", "small.gguf"));
  writeFileSync(join(modelsFolder, "broken.gguf"), "<html>");
  writeFileSync(join(modelsFolder, "README.md"), "text");
  const listed = await models.listModels();
  expect(listed.map(({ name, profile, problem }) => [name, profile?.architecture, problem?.code])).toEqual([
    ["broken.gguf", undefined, "NOT_GGUF"],
    ["mistral_v0.1/small.gguf", "llama", undefined],
  ]);
});

test("without time to read headers, lists those that were read before, and of the others name and size", async () => {
  const path = writeModel(join(modelsFolder, "first.gguf"));
  await models.listModels();
  copyFileSync(path, join(modelsFolder, "second.gguf"));
  writeSplit(modelsFolder);
  const { size } = statSync(path);
  expect(await models.listModels(-1)).toMatchObject([
    { name: "first.gguf", fileBytes: size, profile: { architecture: "llama" }, problem: null },
    { name: "second.gguf", fileBytes: size, profile: null, problem: null },
    { name: "split-00001-of-00003.gguf", profile: null, problem: null },
  ]);
  expect((await models.listModels()).map(({ profile }) => profile?.architecture)).toEqual(["llama", "llama", "llama"]);
});

test.each([
  ["an embedding model", { "llama.pooling_type": 1 }],
  ["an adapter", { "general.type": "adapter" }],
  ["part 2 of 3", { "split.count": 3, "split.no": 1 }],
])("refuses to chat with %s", async (what, metadata) => {
  const path = writeModel(join(modelsFolder, "other.gguf"), metadata);
  const refusal = await models.readChatProfile(path).catch(error => error);
  expect(codeOf(refusal)).toBe("UNSUPPORTED_ARCH");
  expect(refusal.message).toContain(what);
});

/** Three files, of which the first alone has metadata. */
function writeSplit(folder: string, parts: readonly number[] = [1, 2, 3]): { fileBytes: number } {
  const files = splitInThree(modelShape("small-llama-2").gguf);
  for (const part of parts) {
    const file = files[part - 1];
    const path = join(folder, partName("split", part));
    writeFileSync(path, file?.start ?? "");
    truncateSync(path, file?.fileBytes);
  }
  return { fileBytes: files.reduce((sum, file) => sum + file.fileBytes, 0) };
}

test("reads a split model as one: sizes and tensors of all parts", async () => {
  const { fileBytes } = writeSplit(modelsFolder);
  const path = join(modelsFolder, partName("split", 1));
  const whole = await models.readProfile(writeModel(join(modelsFolder, "whole.gguf")));
  const { blocksProfile, output, embedding, parameters, ...split } = await models.readChatProfile(path);
  expect({ blocksProfile, output, embedding, parameters }).toEqual({
    blocksProfile: whole.blocksProfile,
    output: whole.output,
    embedding: whole.embedding,
    parameters: whole.parameters,
  });
  expect(split.fileBytes).toBe(fileBytes);
  expect((await models.identify(path)).bytes).toBe(fileBytes);
});

test("lists a split model once, with the size of the whole", async () => {
  const { fileBytes } = writeSplit(modelsFolder);
  expect(await models.listModels()).toMatchObject([
    { name: "split-00001-of-00003.gguf", fileBytes, profile: { architecture: "llama" }, problem: null },
  ]);
});

test("reads a split model again when a later part was replaced", async () => {
  writeSplit(modelsFolder);
  const path = join(modelsFolder, partName("split", 1));
  const first = await models.readProfile(path);
  expect(await models.readProfile(path)).toBe(first);
  writeFileSync(join(modelsFolder, partName("split", 3)), "<html>");
  await expect(models.readProfile(path)).rejects.toMatchObject({ code: "NOT_GGUF" });
});

test("says which part of a split model is missing", async () => {
  writeSplit(modelsFolder, [1, 3]);
  const reading = models.readProfile(join(modelsFolder, partName("split", 1)));
  await expect(reading).rejects.toMatchObject({
    code: "MODEL_NOT_FOUND",
    message: expect.stringContaining("Part 2 of 3 is missing"),
  });
});

test("G12 refuses part 2 of 3 and names the first", async () => {
  writeSplit(modelsFolder);
  const reading = models.readChatProfile(join(modelsFolder, partName("split", 2)));
  await expect(reading).rejects.toMatchObject({
    code: "UNSUPPORTED_ARCH",
    message: "split-00002-of-00003.gguf is part 2 of 3 of a model: choose its first part, …-00001-of-00003.gguf.",
  });
});

test("refuses a first part whose name does not lead to the others", async () => {
  writeSplit(folder);
  renameSync(join(folder, partName("split", 1)), join(modelsFolder, "renamed.gguf"));
  expect(await codeFor("renamed.gguf")).toBe("CORRUPT_MODEL");
});

test("follows a part that is a link, as in the cache of the hub", async () => {
  writeSplit(modelsFolder, [1, 3]);
  writeSplit(folder, [2]);
  symlinkSync(join(folder, partName("split", 2)), join(modelsFolder, partName("split", 2)));
  expect(await codeFor(partName("split", 1))).toBe("read");
});
