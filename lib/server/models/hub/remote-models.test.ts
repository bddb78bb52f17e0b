import { existsSync, mkdtempSync, readdirSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { WritableValue } from "@/lib/gguf/testing/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { readGgufProfile } from "../library/gguf-file";
import { KnownProfiles } from "./known-profiles";
import { RemoteHeaderStore } from "./remote-header-store";
import { RemoteModels } from "./remote-models";

const PATH = "/owner/repo/resolve/main/model.gguf";
const SOURCE = "hf:owner/repo/model.gguf";
const TEN_MINUTES_MS = 600_000;

const profilesIn = (home: string) => new KnownProfiles({ folder: join(home, "profiles"), version: "1" });

let home: string;
let hub: StandInHub;
let models: RemoteModels;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "headroom-remote-"));
  hub = await StandInHub.start();
  models = new RemoteModels({
    store: new RemoteHeaderStore(home),
    profiles: profilesIn(home),
    endpoint: hub.origin,
    token: null,
  });
});
afterEach(async () => {
  await hub.stop();
});

function fileOf(id: string, moreMetadata: Readonly<Record<string, WritableValue>> = {}): StandInFile {
  const shape = modelShape(id);
  const gguf = { ...shape.gguf, metadata: { ...shape.gguf.metadata, ...moreMetadata } };
  const { header, fileBytes } = shapeFile({ ...shape, gguf });
  return { start: header, fileBytes };
}

/** Makes the header look as if it had been checked that long ago. */
function age(path: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(join(path, "..", "record.json"), then, then);
}

const ranges = () => hub.seen.map(({ range }) => range);

test("makes a file with the header and the size of a model elsewhere, from its first bytes alone", async () => {
  const file = fileOf("mistral-7b-v0.1");
  hub.serve(PATH, file);
  const path = await models.headerPath(SOURCE);
  expect(statSync(path).size).toBe(file.fileBytes);
  // Parameters as Hugging Face counts them.
  expect(await readGgufProfile(path)).toMatchObject({ blocks: 32, parameters: 7_241_732_096 });
  expect(ranges()).toEqual(["bytes=0-524287"]);
  expect(hub.sentBytes).toBe(512 * 1024);
});

test("makes all parts of a split, whichever was named", async () => {
  splitInThree(modelShape("llama-2-7b").gguf).forEach((file, index) => {
    hub.serve(`/owner/repo/resolve/main/${partName("m", index + 1)}`, file);
  });
  const path = await models.headerPath(`hf:owner/repo/${partName("m", 3)}`);
  expect(await readGgufProfile(path)).toMatchObject({ blocks: 32, parameters: 6_738_415_616, split: null });
  expect(await models.headerPath(`${hub.origin}/owner/repo/resolve/main/${partName("m", 1)}`)).toBe(path);
  expect(hub.seen).toHaveLength(3);
});

test("asks nothing again within ten minutes, also after a restart, and one byte afterwards", async () => {
  hub.serve(PATH, fileOf("small-llama-3"));
  const path = await models.headerPath(SOURCE);
  const restarted = new RemoteModels({
    store: new RemoteHeaderStore(home),
    profiles: profilesIn(home),
    endpoint: hub.origin,
    token: null,
  });
  expect(await restarted.headerPath(SOURCE)).toBe(path);
  expect(hub.seen).toHaveLength(1);
  age(path, TEN_MINUTES_MS);
  expect(await models.headerPath(SOURCE)).toBe(path);
  expect(await models.headerPath(SOURCE)).toBe(path);
  expect(ranges().slice(1)).toEqual(["bytes=0-0"]);
});

test("reads a replaced file again, and drops the old header", async () => {
  hub.serve(PATH, fileOf("small-llama-3"));
  const old = await models.headerPath(SOURCE);
  age(old, TEN_MINUTES_MS);
  hub.serve(PATH, fileOf("small-qwen3"));
  const path = await models.headerPath(SOURCE);
  expect((await readGgufProfile(path)).architecture).toBe("qwen3");
  expect(existsSync(old)).toBe(false);
  expect(readdirSync(home)).toHaveLength(1);
});

test("reads a file again whose server gives no version, and keeps its path while it is the same", async () => {
  const file = fileOf("small-llama-3");
  hub.serve(PATH, (_, response) => hub.sendRange(file, undefined, response));
  const path = await models.headerPath(SOURCE);
  age(path, TEN_MINUTES_MS);
  expect(await models.headerPath(SOURCE)).toBe(path);
});

test("D12 reads a header once however many ask at the same time", async () => {
  hub.serve(PATH, fileOf("small-llama-3"));
  const paths = await Promise.all(Array.from({ length: 20 }, () => models.headerPath(SOURCE)));
  expect(new Set(paths).size).toBe(1);
  expect(hub.seen).toHaveLength(1);
});

test("reads four headers at once and not more", async () => {
  const release: (() => void)[] = [];
  for (const name of "abcde")
    hub.serve(`/o/r/resolve/main/${name}.gguf`, (_, response) => {
      release.push(() => response.writeHead(404).end());
    });
  const asked = [..."abcde"].map(name => models.headerPath(`hf:o/r/${name}.gguf`).catch(codeOf));
  expect(await asked[4]).toBe("BUSY");
  while (release.length < 4) await new Promise(resolve => setTimeout(resolve, 5));
  for (const answer of release) answer();
  expect(await Promise.all(asked)).toEqual([...new Array(4).fill("MODEL_NOT_FOUND"), "BUSY"]);
});

test("G12 refuses what is no chat model by its own name, and keeps nothing of it", async () => {
  hub.serve(PATH, fileOf("small-llama-3", { "llama.pooling_type": 1 }));
  const refusal = await models.headerPath(SOURCE).catch(error => error);
  expect(codeOf(refusal)).toBe("UNSUPPORTED_ARCH");
  expect(refusal.message).toBe(`${SOURCE} is not a chat model but an embedding model.`);
  expect(readdirSync(home)).toEqual([]);
});

test("a failure is no answer for the next time", async () => {
  expect(await models.headerPath(SOURCE).catch(codeOf)).toBe("MODEL_NOT_FOUND");
  hub.serve(PATH, fileOf("small-llama-3"));
  expect(existsSync(await models.headerPath(SOURCE))).toBe(true);
});

const GIB = 2 ** 30;

test("lists the models of a repository, smallest first, and leaves out what cannot answer", async () => {
  hub.serveTree("owner/repo", {
    "README.md": 5,
    "mmproj-F16.gguf": 800,
    "m.imatrix.gguf": 5,
    "m-Q8_0.gguf": 8 * GIB,
    "m-UD-Q4_K_XL.gguf": 5 * GIB,
    "BF16/m-BF16-00001-of-00002.gguf": 10 * GIB,
    "BF16/m-BF16-00002-of-00002.gguf": 4 * GIB,
  });
  expect(await models.find("owner/repo")).toEqual({
    kind: "repository",
    name: "owner/repo",
    files: [
      {
        source: "hf:owner/repo/m-UD-Q4_K_XL.gguf",
        name: "m-UD-Q4_K_XL.gguf",
        fileBytes: 5 * GIB,
        quantization: "UD-Q4_K_XL",
      },
      { source: "hf:owner/repo/m-Q8_0.gguf", name: "m-Q8_0.gguf", fileBytes: 8 * GIB, quantization: "Q8_0" },
      {
        source: "hf:owner/repo/BF16/m-BF16-00001-of-00002.gguf",
        name: "BF16/m-BF16-00001-of-00002.gguf",
        fileBytes: 14 * GIB,
        quantization: "BF16",
      },
    ],
  });
});

test("takes the quantization behind a colon, and names those that there are", async () => {
  hub.serve("/owner/repo/resolve/main/m-Q8_0.gguf", fileOf("mistral-7b-v0.1"));
  hub.serveTree("owner/repo", { "m-Q8_0.gguf": 8 * GIB, "m-Q4_K_M.gguf": 5 * GIB });
  expect(await models.find("owner/repo:q8_0")).toEqual({ kind: "file", source: "hf:owner/repo/m-Q8_0.gguf" });
  await expect(models.find("owner/repo:Q2_K")).rejects.toThrow("owner/repo has no Q2_K; it has Q4_K_M, Q8_0.");
});

test("says where the address was typed what a repository or a file has wrong", async () => {
  hub.serveTree("owner/plain", { "model.safetensors": 5 });
  await expect(models.find("owner/plain")).rejects.toThrow(/owner\/plain holds no GGUF file.*-GGUF/);
  await expect(models.find("owner/gone")).rejects.toThrow(/ has no owner\/gone\.$/);
  await expect(models.find("hf:owner/repo/gone.gguf")).rejects.toThrow(/ has no gone\.gguf\.$/);
});

test("says offline in words, not in the system's", async () => {
  const endpoint = "https://hub.invalid";
  const offline = new RemoteModels({
    store: new RemoteHeaderStore(home),
    profiles: profilesIn(home),
    endpoint,
    token: null,
  });
  await expect(offline.find("owner/repo")).rejects.toThrow("You seem to be offline: hub.invalid cannot be found.");
  await expect(offline.find("owner/repo/m.gguf")).rejects.toThrow(
    "You seem to be offline: hub.invalid cannot be found.",
  );
});
