import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import type { WritableValue } from "@/lib/gguf/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/model-shapes";
import { ModelFiles } from "./model-files";
import { codeOf } from "./testing/engine-fixtures";

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
  expect(Date.now() - startMs).toBeLessThan(1000);
});

test.runIf(process.platform === "linux")("never reads a device, also behind a trusted path", async () => {
  const trusting = new ModelFiles({ modelsFolder, isTrusted: () => true });
  await expect(trusting.readProfile("/dev/zero")).rejects.toMatchObject({ code: "NOT_A_FILE" });
});

test.skipIf(process.getuid?.() === 0)("says that an unreadable file cannot be read", async () => {
  const path = writeModel(join(modelsFolder, "locked.gguf"));
  chmodSync(path, 0);
  expect(await codeFor("locked.gguf")).toBe("NOT_A_FILE");
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

test("refuses a link that leads out of the models folder, and follows one that stays", async () => {
  writeModel(join(folder, "secret.gguf"));
  writeModel(join(modelsFolder, "small.gguf"));
  symlinkSync(join(folder, "secret.gguf"), join(modelsFolder, "out.gguf"));
  symlinkSync(join(modelsFolder, "small.gguf"), join(modelsFolder, "in.gguf"));
  symlinkSync(folder, join(modelsFolder, "up"));
  expect(await codeFor("out.gguf")).toBe("INVALID_INPUT");
  expect(await codeFor("up/secret.gguf")).toBe("INVALID_INPUT");
  expect(await codeFor("in.gguf")).toBe("read");
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
