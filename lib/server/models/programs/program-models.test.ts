import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { withoutRoot } from "@/lib/server/testing/without-root";
import { AddedFiles } from "../library/added-files";
import { ModelFiles } from "../library/model-files";
import { ProgramModels } from "./program-models";
import type { UserSystem } from "./program-places";

let home: string;
let data: string;
let added: AddedFiles;
let models: ModelFiles;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "headroom-programs-"));
  data = mkdtempSync(join(tmpdir(), "headroom-data-"));
  added = new AddedFiles(join(data, "added-files.json"));
  models = new ModelFiles({ modelsFolder: join(data, "models"), addedFiles: () => added.list() });
});

const programsOf = (computer: Partial<UserSystem> = {}) =>
  new ProgramModels({ computer: { platform: "linux", home, env: {}, ...computer }, models, added });

const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
/** A whole small model: its weights are a hole. */
function writeModel(...parts: string[]): string {
  const path = join(home, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, header);
  truncateSync(path, fileBytes);
  return path;
}
function write(text: string, ...parts: string[]): string {
  const path = join(home, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const HASH = "a".repeat(64);
const layer = (digest = `sha256:${HASH}`, kind = "model") => ({
  mediaType: `application/vnd.ollama.image.${kind}`,
  digest,
  size: fileBytes,
});
const manifest = (...layers: unknown[]) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: {},
    layers,
  });
const inOllama = (...parts: string[]) => [".ollama", "models", ...parts];

/** "program: label" of all that can be used. */
async function usable(computer?: Partial<UserSystem>): Promise<string[]> {
  const { programs } = await programsOf(computer).list();
  return programs.flatMap(({ program, models: found }) =>
    found.filter(({ problem }) => problem === null).map(({ label }) => `${program}: ${label}`),
  );
}

/** Each file below a folder with its content or the target of its link. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map(name => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return [name, found?.isFile() ? `${found.mtimeMs} ${readFileSync(join(folder, name)).toString("base64")}` : ""];
    }),
  );
}

describe("the places of programs", () => {
  // Each row: the platform, the folder from the home folder, what is found. Documented by each program (program-places.ts).
  it.each<[NodeJS.Platform, string, string]>([
    ["linux", ".lmstudio/models/owner/repo/a.gguf", "LM Studio: owner/repo/a.gguf"],
    ["darwin", ".lmstudio/models/owner/repo/a.gguf", "LM Studio: owner/repo/a.gguf"],
    ["win32", ".lmstudio/models/owner/repo/a.gguf", "LM Studio: owner/repo/a.gguf"],
    ["linux", ".cache/lm-studio/models/owner/repo/a.gguf", "LM Studio: owner/repo/a.gguf"],
    ["linux", ".local/share/Jan/data/llamacpp/models/qwen3-4b/model.gguf", "Jan: qwen3-4b"],
    ["darwin", "Library/Application Support/Jan/data/llamacpp/models/owner/x/model.gguf", "Jan: owner/x"],
    ["win32", "AppData/Roaming/Jan/data/llamacpp/models/x/model.gguf", "Jan: x"],
    ["linux", "jan/models/x/x.gguf", "Jan: x/x.gguf"],
    ["linux", ".local/share/nomic.ai/GPT4All/a.gguf", "GPT4All: a.gguf"],
    ["darwin", "Library/Application Support/nomic.ai/GPT4All/a.gguf", "GPT4All: a.gguf"],
    ["win32", "AppData/Local/nomic.ai/GPT4All/a.gguf", "GPT4All: a.gguf"],
    ["linux", ".cache/huggingface/hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["darwin", ".cache/huggingface/hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["win32", ".cache/huggingface/hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["linux", ".cache/llama.cpp/o_r_a.gguf", "llama.cpp: o_r_a.gguf"],
    ["darwin", "Library/Caches/llama.cpp/o_r_a.gguf", "llama.cpp: o_r_a.gguf"],
    ["win32", "AppData/Local/llama.cpp/o_r_a.gguf", "llama.cpp: o_r_a.gguf"],
    ["linux", "text-generation-webui/user_data/models/a.gguf", "text-generation-webui: a.gguf"],
    ["win32", "Documents/text-generation-webui/models/a.gguf", "text-generation-webui: a.gguf"],
  ])("on %s, %s", async (platform, path, found) => {
    writeModel(...path.split("/"));
    expect(await usable({ platform })).toEqual([found]);
  });

  it.each(["linux", "darwin", "win32"] as const)("Ollama's store on %s", async platform => {
    writeModel(...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/llama3.2/3b"));
    expect(await usable({ platform })).toEqual(["Ollama: llama3.2:3b"]);
  });

  it.each([
    ["HF_HOME", "hf", "hf/hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["HF_HUB_CACHE", "hub", "hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["XDG_CACHE_HOME", "c", "c/huggingface/hub/models--o--r/snapshots/c0/a.gguf", "Hugging Face: o/r/a.gguf"],
    ["XDG_CACHE_HOME", "c", "c/llama.cpp/a.gguf", "llama.cpp: a.gguf"],
    ["LLAMA_CACHE", "l", "l/a.gguf", "llama.cpp: a.gguf"],
    ["XDG_DATA_HOME", "d", "d/nomic.ai/GPT4All/a.gguf", "GPT4All: a.gguf"],
  ])("%s moves them", async (name, folder, path, found) => {
    writeModel(...path.split("/"));
    expect(await usable({ env: { [name]: join(home, folder) } })).toEqual([found]);
    expect(await usable({ env: { [name]: `~/${folder}` } })).toEqual([found]);
    // A relative path meant another program's working folder.
    expect(await usable({ env: { [name]: folder } })).toEqual([]);
  });

  it("OLLAMA_MODELS adds a store", async () => {
    writeModel("store", "blobs", `sha256-${HASH}`);
    write(manifest(layer()), "store", "manifests/registry.ollama.ai/library/phi4/latest");
    expect(await usable({ env: { OLLAMA_MODELS: join(home, "store") } })).toEqual(["Ollama: phi4:latest"]);
  });

  it("follows what LM Studio's own settings say", async () => {
    writeModel("big-disk", "owner", "repo", "a.gguf");
    write(JSON.stringify({ downloadsFolder: join(home, "big-disk") }), ".lmstudio", "settings.json");
    writeModel("moved", "models", "b.gguf");
    expect(await usable()).toEqual(["LM Studio: owner/repo/a.gguf"]);
    write(`${join(home, "moved")}\r\n`, ".lmstudio-home-pointer");
    expect(await usable()).toEqual(["LM Studio: b.gguf"]);
  });

  it("finds nothing and names all programs on a computer without them", async () => {
    const { programs, withoutModels } = await programsOf().list();
    expect(programs).toEqual([]);
    expect(withoutModels).toHaveLength(7);
  });
});

describe("Ollama's manifests", () => {
  it.each([
    ["registry.ollama.ai/library/llama3.2/3b", "llama3.2:3b"],
    ["registry.ollama.ai/someone/model/q4", "someone/model:q4"],
    ["hf.co/owner/repo-GGUF/Q4_K_M", "hf.co/owner/repo-GGUF:Q4_K_M"],
  ])("%s is %s", async (path, label) => {
    writeModel(...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer(undefined, "template"), layer()), ...inOllama("manifests", ...path.split("/")));
    expect(await usable()).toEqual([`Ollama: ${label}`]);
  });

  it("offers both names of one file, and passes over models in other formats", async () => {
    writeModel(...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/a/latest"));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/b/latest"));
    write(manifest(layer(undefined, "tensor")), ...inOllama("manifests/registry.ollama.ai/library/c/latest"));
    expect(await usable()).toEqual(["Ollama: a:latest", "Ollama: b:latest"]);
  });

  it.each([
    ["half JSON", '{"layers": [', "is damaged"],
    ["an empty file", "", "is damaged"],
    ["no object", "[]", "is damaged"],
    ["layers of another kind", '{"layers": "none"}', "is damaged"],
    ["a digest that leads out", manifest(layer("sha256:../../../../etc/passwd")), "is damaged"],
    ["a digest that is too short", manifest(layer("sha256:abc")), "is damaged"],
    ["a blob that is missing", manifest(layer(`sha256:${"b".repeat(64)}`)), "is missing"],
    ["2 MiB of text", `{"layers": [], "x": "${"x".repeat(2 ** 21)}"}`, "is damaged"],
  ])("%s is named with the reason", async (_what, text, reason) => {
    write(text, ...inOllama("manifests/registry.ollama.ai/library/bad/latest"));
    writeModel(...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/good/latest"));
    const { programs } = await programsOf().list();
    const [bad, good] = programs[0]?.models ?? [];
    expect(bad).toMatchObject({ label: "bad:latest", problem: { message: expect.stringContaining(reason) } });
    expect(good).toMatchObject({ label: "good:latest", problem: null });
    await expect(programsOf().use("Ollama", "bad:latest")).rejects.toThrow(reason);
    expect(added.list()).toEqual([]);
  });

  it("neither waits for a pipe nor follows links in its store", async context => {
    context.skip(process.platform === "win32", "Windows has no named pipes among its files");
    mkdirSync(join(home, ...inOllama("manifests/registry.ollama.ai/library/pipe")), { recursive: true });
    execFileSync("mkfifo", [join(home, ...inOllama("manifests/registry.ollama.ai/library/pipe/latest"))]);
    symlinkSync(join(home, ".ollama"), join(home, ...inOllama("manifests/registry.ollama.ai/loop")));
    expect((await programsOf().list()).programs).toEqual([]);
  });

  it("a blob that is no model is named with the reason", async () => {
    write("<html>", ...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/page/latest"));
    const { programs } = await programsOf().list();
    expect(programs[0]?.models[0]).toMatchObject({ label: "page:latest", problem: { code: "NOT_GGUF" } });
    expect(await programsOf().use("Ollama", "page:latest").then(String, codeOf)).toBe("NOT_GGUF");
  });
});

describe("folders of files", () => {
  it("finds a file behind several names once: links, two snapshots of the hub's cache", async () => {
    const blob = writeModel(".cache/huggingface/hub/models--o--r/blobs", HASH);
    for (const commit of ["c0", "c1"]) {
      mkdirSync(join(home, ".cache/huggingface/hub/models--o--r/snapshots", commit), { recursive: true });
      symlinkSync(blob, join(home, ".cache/huggingface/hub/models--o--r/snapshots", commit, "a.gguf"));
    }
    mkdirSync(join(home, ".cache/llama.cpp"));
    symlinkSync(blob, join(home, ".cache/llama.cpp/o_r_a.gguf"));
    expect(await usable()).toEqual(["Hugging Face: o/r/a.gguf"]);
  });

  it("ends where links lead in a circle, and names links to nothing", async () => {
    writeModel(".lmstudio/models/a.gguf");
    symlinkSync(join(home, ".lmstudio/models"), join(home, ".lmstudio/models/again"));
    symlinkSync(join(home, "gone.gguf"), join(home, ".lmstudio/models/gone.gguf"));
    const { programs } = await programsOf().list();
    expect(programs[0]?.models).toMatchObject([
      { label: "a.gguf", problem: null },
      { label: "gone.gguf", problem: { code: "MODEL_NOT_FOUND" } },
    ]);
  });

  it("leaves out what is not whole yet and what cannot chat", async () => {
    writeModel(".local/share/nomic.ai/GPT4All/incomplete-a.gguf");
    const shape = modelShape("small-llama-2");
    const projector = { ...shape.gguf.metadata, "general.type": "mmproj", "general.architecture": "clip" };
    write("", ".lmstudio/models/mmproj.gguf");
    const file = shapeFile({ ...shape, gguf: { ...shape.gguf, metadata: projector } });
    writeFileSync(join(home, ".lmstudio/models/mmproj.gguf"), file.header);
    truncateSync(join(home, ".lmstudio/models/mmproj.gguf"), file.fileBytes);
    expect((await programsOf().list()).programs).toEqual([]);
  });

  it("names a folder that it may not read", async () => {
    const folder = join(home, ".ollama", "models");
    mkdirSync(folder, { recursive: true });
    chmodSync(home, 0o755);
    chmodSync(folder, 0);
    const { programs } = await withoutRoot(() => programsOf().list());
    chmodSync(folder, 0o700);
    expect(programs).toMatchObject([
      { program: "Ollama", problems: [expect.stringContaining("cannot be read (EACCES)")] },
    ]);
  });
});

describe("using a model in place", () => {
  beforeEach(() => {
    writeModel(...inOllama("blobs", `sha256-${HASH}`));
    write(manifest(layer()), ...inOllama("manifests/registry.ollama.ai/library/llama3.2/3b"));
  });

  it("shows it in the library with its origin, also after a restart", async () => {
    const name = await programsOf().use("Ollama", "llama3.2:3b");
    expect(name).toBe("Ollama/llama3.2:3b");
    const path = join(home, ...inOllama("blobs", `sha256-${HASH}`));
    expect(await models.resolveModel(name)).toBe(path);
    expect(models.nameOf(path)).toBe(name);
    const again = new AddedFiles(join(data, "added-files.json"));
    const reread = new ModelFiles({ modelsFolder: join(data, "models"), addedFiles: () => again.list() });
    expect(await reread.listModels()).toMatchObject([{ name, problem: null, origin: { program: "Ollama", path } }]);
    expect((await programsOf().list()).programs[0]?.models[0]?.usedAs).toBe(name);
  });

  it("is done once, however often it is asked for", async () => {
    await programsOf().use("Ollama", "llama3.2:3b");
    await programsOf().use("Ollama", "llama3.2:3b");
    expect(added.list()).toHaveLength(1);
  });

  it("changes nothing where the file is: not by looking, using, or taking it off the list", async () => {
    const before = contentOf(home);
    await programsOf().list();
    await programsOf().use("Ollama", "llama3.2:3b");
    await models.listModels();
    added.remove("Ollama/llama3.2:3b");
    expect(contentOf(home)).toEqual(before);
    expect(await models.listModels()).toEqual([]);
  });

  it("says that a file has vanished, and who had it", async () => {
    const name = await programsOf().use("Ollama", "llama3.2:3b");
    rmSync(join(home, ".ollama"), { recursive: true });
    const [model] = await models.listModels();
    expect(model).toMatchObject({ name, profile: null, problem: { code: "MODEL_NOT_FOUND" } });
    expect(model?.problem?.message).toMatch(
      /^Ollama\/llama3\.2:3b has vanished: Ollama no longer has its file .*take it off the list\.$/,
    );
  });

  it("refuses to rename it or move it to the trash", async () => {
    const name = await programsOf().use("Ollama", "llama3.2:3b");
    expect(await models.resolveOwn(name).then(String, codeOf)).toBe("INVALID_INPUT");
  });

  it.each(["missing:1b", "../../../etc/passwd", "/etc/passwd", ""])("S11 takes no other name: %j", async label => {
    expect(await programsOf().use("Ollama", label).then(String, codeOf)).toBe("MODEL_NOT_FOUND");
    expect(existsSync(join(data, "added-files.json"))).toBe(false);
  });

  it("takes a broken list for an empty one", () => {
    for (const text of ["", "[]", '{"files": [{"name": "a", "path": "relative", "program": null}]}']) {
      writeFileSync(join(data, "added-files.json"), text);
      expect(new AddedFiles(join(data, "added-files.json")).list()).toEqual([]);
    }
  });
});
