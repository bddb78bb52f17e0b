import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import type { Verification } from "@/lib/schema/models/model-details";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { MIB } from "@/lib/units/bytes";
import { KnownProfiles } from "../hub/known-profiles";
import { RemoteHeaderStore } from "../hub/remote-header-store";
import { RemoteModels } from "../hub/remote-models";
import { ModelFiles } from "../library/model-files";
import { ModelHashes } from "./model-hashes";
import { ModelVerifier } from "./model-verifier";

const NAME = "owner/repo/m.gguf";
let home: string;
let modelsFolder: string;
let hashes: ModelHashes;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "headroom-verify-"));
  modelsFolder = join(home, "models");
  hashes = new ModelHashes(join(home, "data", "model-hashes.json"));
});

function write(name: string, text: string): string {
  const path = join(modelsFolder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return createHash("sha256").update(text).digest("hex");
}

function verifier(endpoint = "http://127.0.0.1:9"): ModelVerifier {
  const store = new RemoteHeaderStore(join(home, "headers"));
  const profiles = new KnownProfiles({ folder: join(home, "profiles"), version: "1" });
  return new ModelVerifier({
    models: new ModelFiles({ modelsFolder }),
    remote: new RemoteModels({ store, profiles, endpoint, token: null, timeLimitMs: 2000 }),
    hashes,
    nowMs: () => 1000,
  });
}

const ended = (checks: ModelVerifier, name = NAME): Promise<Verification> =>
  vi.waitFor(
    async () => {
      const now = await checks.read(name);
      expect(now.state).not.toBe("running");
      return now;
    },
    { timeout: 10_000, interval: 5 },
  );

async function verified(checks: ModelVerifier, name = NAME): Promise<Verification> {
  await checks.start(name);
  return ended(checks, name);
}

test("a file that is what was downloaded matches, and one that was damaged differs", async () => {
  const sha256 = write(NAME, "weights");
  hashes.publish(NAME, { source: "download", sha256s: [sha256] });
  expect(await verified(verifier())).toEqual({
    state: "done",
    atMs: 1000,
    verdict: "matches",
    source: "download",
    parts: [{ file: "m.gguf", sha256, published: sha256 }],
    hubProblem: expect.stringContaining("127.0.0.1"),
    hubNow: null,
  });
  write(NAME, "damaged");
  utimesSync(join(modelsFolder, NAME), 5, 5);
  expect(await verified(verifier())).toMatchObject({ verdict: "differs", source: "download" });
});

const FROM = "hf:owner/repo@v1/m.gguf";
const OTHER = "0".repeat(64);

test.each([
  ["the same file, and another one on its main branch,", "v1", (own: string) => [own], "same"],
  ["another file under its name", "v1", () => [OTHER], "other"],
  ["no such file any more", "v1", () => [], "gone"],
])(
  "a download is compared with what was downloaded, where its revision on the hub has %s",
  async (_, revision, hashesOf, hubNow) => {
    const hub = await StandInHub.start();
    try {
      const sha256 = write("renamed.gguf", "weights");
      hashes.publish("renamed.gguf", { source: "download", sha256s: [sha256], from: FROM });
      hub.serveHashes("owner/repo", { "other.gguf": OTHER, ...namedFile(hashesOf(sha256)) }, revision);
      hub.serveHashes("owner/repo", { "m.gguf": OTHER });
      expect(await verified(verifier(hub.origin), "renamed.gguf")).toMatchObject({
        verdict: "matches",
        source: "download",
        hubProblem: null,
        hubNow,
      });
    } finally {
      await hub.stop();
    }
  },
);

const namedFile = ([sha256]: readonly string[]) => (sha256 === undefined ? {} : { "m.gguf": sha256 });

test("the hub is asked about a file of an owner/repo folder, and only when it is verified", async () => {
  const hub = await StandInHub.start();
  try {
    const sha256 = write(NAME, "weights");
    hub.serveHashes("owner/repo", { "m.gguf": sha256 });
    const checks = verifier(hub.origin);
    expect(await checks.read(NAME)).toEqual({ state: "none" });
    expect(hub.seen).toEqual([]);
    expect(await verified(checks)).toMatchObject({ verdict: "matches", source: "hub" });
    expect(hub.seen.map(({ path }) => path)).toEqual(["/api/models/owner/repo/tree/main?recursive=true"]);
  } finally {
    await hub.stop();
  }
});

test("without a published hash the file's own is told, and why the hub could not be asked", async () => {
  const sha256 = write(NAME, "weights");
  write("mine.gguf", "other");
  expect(await verified(verifier(), NAME)).toMatchObject({
    verdict: "unknown",
    source: null,
    parts: [{ sha256, published: null }],
    hubProblem: expect.stringContaining("127.0.0.1"),
  });
  expect(await verified(verifier(), "mine.gguf")).toMatchObject({ verdict: "unknown", hubProblem: null });
});

test("the name that a program gave a file is its published hash", async () => {
  const sha256 = createHash("sha256").update("blob").digest("hex");
  write(`blobs/sha256-${sha256}`, "blob");
  symlinkSync(join(modelsFolder, "blobs", `sha256-${sha256}`), join(modelsFolder, "linked.gguf"));
  expect(await verified(verifier(), "linked.gguf")).toMatchObject({ verdict: "matches", source: "file-name" });
});

test("all parts of a split model are read, and one that differs is enough", async () => {
  const first = write("big-00001-of-00002.gguf", "one");
  const second = write("big-00002-of-00002.gguf", "two");
  hashes.publish("big-00001-of-00002.gguf", { source: "download", sha256s: [first, first] });
  expect(await verified(verifier(), "big-00001-of-00002.gguf")).toMatchObject({
    verdict: "differs",
    parts: [
      { file: "big-00001-of-00002.gguf", sha256: first, published: first },
      { file: "big-00002-of-00002.gguf", sha256: second, published: first },
    ],
  });
});

test("a result is kept over a restart, and forgotten when the file changes", async () => {
  write("mine.gguf", "weights");
  await verified(verifier(), "mine.gguf");
  hashes = new ModelHashes(join(home, "data", "model-hashes.json"));
  expect(await verifier().read("mine.gguf")).toMatchObject({ state: "done" });
  write("mine.gguf", "longer weights");
  expect(await verifier().read("mine.gguf")).toEqual({ state: "none" });
});

test("a check tells its progress, lets the server work meanwhile, and ends when it is cancelled", async () => {
  const path = join(modelsFolder, "large.gguf");
  write("large.gguf", "");
  truncateSync(path, 2048 * MIB);
  const checks = verifier();
  await checks.start("large.gguf");
  const seen = await vi.waitFor(
    async () => {
      const now = await checks.read("large.gguf");
      if (now.state !== "running") throw new Error(`It is ${now.state}.`);
      expect(now.hashedBytes).toBeGreaterThan(0);
      return now;
    },
    { timeout: 10_000, interval: 5 },
  );
  expect(seen).toMatchObject({ totalBytes: 2048 * MIB });
  expect(seen.hashedBytes).toBeLessThan(2048 * MIB);
  expect(await checks.cancel("large.gguf")).toEqual({ state: "none" });
  await checks.shutdown();
  expect(await checks.read("large.gguf")).toEqual({ state: "none" });
});

test("a file that goes away while it is read is said to have gone", async () => {
  await expect(verifier().start("gone.gguf")).rejects.toThrow("There is no file");
});
