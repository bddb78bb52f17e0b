import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { asSentence, LibraryChanges } from "./library-changes";
import { ModelFiles } from "./model-files";

let outside: string;
let modelsFolder: string;
let added: string;
let changes: LibraryChanges;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), "headroom-library-"));
  modelsFolder = join(outside, "models");
  added = join(outside, "added");
  for (const folder of [modelsFolder, added, join(modelsFolder, "owner"), join(outside, "elsewhere")])
    mkdirSync(folder);
  writeFileSync(join(outside, "secret.gguf"), "secret");
  writeFileSync(join(outside, "elsewhere", "x.gguf"), "elsewhere");
  changes = new LibraryChanges(new ModelFiles({ modelsFolder, addedFolders: () => [added] }));
});

const write = (name: string, text = name) => writeFileSync(join(modelsFolder, name), text);
const codeFor = (work: Promise<unknown>): Promise<string> => work.then(() => "done", codeOf);

test("renames a file in its folder and replaces no other", async () => {
  write("owner/a.gguf");
  write("owner/b.gguf");
  expect(await codeFor(changes.rename("owner/a.gguf", "b.gguf"))).toBe("INVALID_INPUT");
  expect(readFileSync(join(modelsFolder, "owner", "b.gguf"), "utf8")).toBe("owner/b.gguf");
  expect(await changes.rename("owner/a.gguf", "c.gguf")).toBe("owner/c.gguf");
  expect(readdirSync(join(modelsFolder, "owner")).sort()).toEqual(["b.gguf", "c.gguf"]);
});

test("renames all parts of a split model", async () => {
  for (const part of [1, 2, 3]) write(`big-0000${part}-of-00003.gguf`);
  expect(await changes.rename("big-00001-of-00003.gguf", "small.gguf")).toBe("small-00001-of-00003.gguf");
  expect(readFileSync(join(modelsFolder, "small-00003-of-00003.gguf"), "utf8")).toBe("big-00003-of-00003.gguf");
});

test("leaves every part where it was when one cannot move", async () => {
  for (const part of [1, 2]) write(`big-0000${part}-of-00002.gguf`);
  write("new-00002-of-00002.gguf");
  const before = readdirSync(modelsFolder).sort();
  expect(await codeFor(changes.rename("big-00001-of-00002.gguf", "new.gguf"))).toBe("INVALID_INPUT");
  expect(readdirSync(modelsFolder).sort()).toEqual(before);
});

test("moves to the trash and back, and the trash is not in the library", async () => {
  write("owner/a.gguf");
  const { id } = await changes.moveToTrash("owner/a.gguf");
  expect(existsSync(join(modelsFolder, "owner", "a.gguf"))).toBe(false);
  expect(await new ModelFiles({ modelsFolder }).listModels()).toEqual([]);
  expect(await changes.listTrash()).toMatchObject([{ id, name: "owner/a.gguf", fileBytes: 12 }]);
  expect(await changes.restore(id)).toBe("owner/a.gguf");
  expect(readFileSync(join(modelsFolder, "owner", "a.gguf"), "utf8")).toBe("owner/a.gguf");
  expect(await changes.listTrash()).toEqual([]);
});

test("does not put a model back over another file", async () => {
  write("a.gguf", "old");
  const { id } = await changes.moveToTrash("a.gguf");
  write("a.gguf", "new");
  expect(await codeFor(changes.restore(id))).toBe("INVALID_INPUT");
  expect(readFileSync(join(modelsFolder, "a.gguf"), "utf8")).toBe("new");
  expect(await changes.listTrash()).toHaveLength(1);
});

test("deletes only what is in the trash, and for a link only the link", async () => {
  write("kept.gguf");
  symlinkSync(join(outside, "secret.gguf"), join(modelsFolder, "link.gguf"));
  await changes.moveToTrash("link.gguf");
  await changes.emptyTrash();
  expect(await changes.listTrash()).toEqual([]);
  expect(readFileSync(join(outside, "secret.gguf"), "utf8")).toBe("secret");
  expect(existsSync(join(modelsFolder, "kept.gguf"))).toBe(true);
});

test("changes files of an added folder in that folder", async () => {
  writeFileSync(join(added, "a.gguf"), "a");
  expect(await changes.rename(join(added, "a.gguf"), "b.gguf")).toBe(join(added, "b.gguf"));
  const { id } = await changes.moveToTrash(join(added, "b.gguf"));
  expect(await changes.restore(id)).toBe(join(added, "b.gguf"));
});

test("S11 S12 refuses every name outside the library alike, whether a file is there or not", async () => {
  symlinkSync(join(outside, "elsewhere"), join(modelsFolder, "linked"));
  const part = fc.constantFrom(
    "..",
    ".",
    "",
    "owner",
    "secret.gguf",
    "missing.gguf",
    "C:",
    "%2e%2e",
    "a\u0000",
    "..\\..",
  );
  const names = fc.oneof(
    fc.constantFrom(
      join(outside, "secret.gguf"),
      join(outside, "missing.gguf"),
      `${join(outside, "added")}/../secret.gguf`,
    ),
    fc.constantFrom("\\\\host\\share\\x.gguf", "linked/x.gguf", "linked/missing.gguf", "/etc/passwd"),
    fc.array(part, { minLength: 2, maxLength: 5 }).map(parts => ["..", ...parts].join("/")),
  );
  await fc.assert(
    fc.asyncProperty(names, async name => {
      expect(await codeFor(changes.moveToTrash(name))).toBe("INVALID_INPUT");
      expect(await codeFor(changes.rename(name, "new.gguf"))).toBe("INVALID_INPUT");
      expect(readFileSync(join(outside, "secret.gguf"), "utf8")).toBe("secret");
      expect(readdirSync(join(outside, "elsewhere"))).toEqual(["x.gguf"]);
    }),
  );
});

test.each([
  "../b.gguf",
  "b/c.gguf",
  "b\\c.gguf",
  "b\u0000.gguf",
  "b\u202e.gguf",
  "C:b.gguf",
  ".gguf",
  "b.txt",
  "con.gguf",
])("S11 refuses the new file name %j", async fileName => {
  write("a.gguf");
  expect(await codeFor(changes.rename("a.gguf", fileName))).toBe("INVALID_INPUT");
  expect(existsSync(join(modelsFolder, "a.gguf"))).toBe(true);
});

test.each([
  ["linux", "EACCES", /The folder .*models is read-only/],
  ["win32", "EACCES", /another program has it open, or your account may not write/],
  ["win32", "EBUSY", /a\.gguf stays as it is: another program has it open/],
] as const)("tells why a file cannot be moved: %s, %s", (platform, code, sentence) => {
  const error = Object.assign(new Error(code), { code });
  expect(asSentence(error, join(modelsFolder, "a.gguf"), platform)).toMatchObject({
    code: "FORBIDDEN",
    message: expect.stringMatching(sentence),
  });
});

test("leaves any other error as it is", () => {
  const error = Object.assign(new Error("EBUSY"), { code: "EBUSY" });
  expect(asSentence(error, join(modelsFolder, "a.gguf"), "linux")).toBe(error);
});
