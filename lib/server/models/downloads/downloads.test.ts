import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Download } from "@/lib/schema/models/download";
import { bundleEntry } from "@/lib/server/testing/bundle-entry";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { randomModel as model, smallGguf } from "@/lib/server/testing/stand-ins/random-model";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { type Misbehave, StandInHub, sha256Of } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { MIB } from "@/lib/units/bytes";
import { Downloads, type DownloadsOptions } from "./downloads";
import { missingBytes } from "./part-state";
import { transferInThread } from "./transfer-in-thread";
import { usualPace } from "./transfer-options";

const PATH = "/owner/repo/resolve/main/model.gguf";
const SOURCE = "hf:owner/repo/model.gguf";
const NAME = "owner/repo/model.gguf";

let threadPath: string;
let hub: StandInHub;
let cdn: StandInHub;
let home: string;
let modelsFolder: string;
let running: Downloads[];
/** The waits between tries and the queue's looks at the folder pass only when a test says so. */
let timers: ManualTimers;

beforeAll(async () => {
  threadPath = await bundleEntry(resolve("."), "lib/server/models/downloads/transfer-thread.ts");
});
afterAll(() => rmSync(threadPath));

beforeEach(async () => {
  hub = await StandInHub.start();
  cdn = await StandInHub.start();
  home = mkdtempSync(join(tmpdir(), "headroom-downloads-"));
  modelsFolder = join(home, "models");
  mkdirSync(modelsFolder);
  running = [];
  timers = new ManualTimers();
});
afterEach(async () => {
  for (const downloads of running) await downloads.shutdown();
  await Promise.all([hub.stop(), cdn.stop()]);
  rmSync(home, { recursive: true, force: true });
});

/** A server that runs on the folder of this test. */
function server(options: Partial<DownloadsOptions> = {}): Downloads {
  const downloads = new Downloads({
    modelsFolder,
    limitPath: join(home, "download-limit.json"),
    endpoint: hub.origin,
    token: null,
    trustedOrigins: [cdn.origin],
    onFailure: () => {},
    timers,
    pace: { ...usualPace, noteMs: 50 },
    transfer: transferInThread(threadPath),
    ...options,
  });
  running.push(downloads);
  return downloads;
}

const placed = (name = NAME): Buffer => readFileSync(join(modelsFolder, ...name.split("/")));
const only = (downloads: Downloads): Download => {
  const [download] = downloads.list();
  if (download === undefined) throw new Error("There is no download.");
  return download;
};
const until = (downloads: Downloads, state: Download["state"]): Promise<Download> =>
  vi.waitFor(
    () => {
      const download = only(downloads);
      expect(download.state, JSON.stringify(download)).toBe(state);
      return download;
    },
    { timeout: 10_000, interval: 10 },
  );
/** The failure's code and sentence with its next step. */
async function failure(downloads: Downloads): Promise<string> {
  const download = await until(downloads, "failed");
  if (download.state !== "failed") throw new Error("unreachable");
  const { code, message, next } = download.error;
  return `${code}: ${message} ${next}`;
}
const leftFiles = (): string[] => readdirSync(modelsFolder, { recursive: true, encoding: "utf8" });
/** What the record on the disk says of the only download. */
function notedBytes(): number {
  const [record] = leftFiles().filter(name => name.endsWith(".json"));
  const { parts } = JSON.parse(readFileSync(join(modelsFolder, record ?? ""), "utf8"));
  return parts[0].fileBytes - missingBytes(parts[0]);
}
const answer =
  (status: number, headers: Record<string, string> = {}): Misbehave =>
  (_, response) => {
    response.writeHead(status, headers).end();
  };

/** A byte now and then: the connection is never idle. */
function trickle(response: ServerResponse, start: Uint8Array): void {
  let sentBytes = 0;
  const timer = setInterval(() => response.write(start.subarray(sentBytes, ++sentBytes)), 5);
  response.once("close", () => clearInterval(timer));
}

describe("a download", () => {
  it("puts the checked file into owner/repo, says so, and leaves nothing else", async () => {
    const file = model();
    hub.serveLinked(PATH, file, cdn);
    const downloads = server();
    const onPlaced = vi.fn();
    downloads.placed.subscribe(onPlaced);
    expect((await downloads.start(SOURCE)).name).toBe(NAME);
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
    expect(leftFiles().sort()).toEqual(["owner", "owner/repo", NAME]);
    await vi.waitFor(() => expect(onPlaced).toHaveBeenCalledTimes(1));
    // The stand-in's own account of the hash is Node's; this is the file that was placed.
    expect(createHash("sha256").update(placed()).digest("hex")).toBe(sha256Of(file));
  });

  it("of a split model fetches all parts as one", async () => {
    const parts = splitInThree(smallGguf);
    for (const [index, part] of parts.entries())
      hub.serve(`/owner/repo/resolve/main/${partName("m", index + 1)}`, part);
    const downloads = server();
    await downloads.start(`hf:owner/repo/${partName("m", 2)}`);
    const done = await until(downloads, "done");
    expect(done.name).toBe(`owner/repo/${partName("m", 1)}`);
    for (const [index, part] of parts.entries())
      expect(placed(`owner/repo/${partName("m", index + 1)}`).byteLength).toBe(part.fileBytes);
  });

  it("D12 of the same file twice, in any spelling, is one", async () => {
    hub.serve(PATH, model());
    const downloads = server();
    const both = await Promise.all([downloads.start(SOURCE), downloads.start(`${hub.origin}${PATH}`)]);
    expect(both[0].id).toBe(both[1].id);
    await until(downloads, "done");
    // And of one that is there already, it is done without a request.
    const askedTimes = hub.seen.length;
    expect((await server().start(SOURCE)).state).toBe("done");
    expect(hub.seen).toHaveLength(askedTimes);
  });

  it("waits for the one before it", async () => {
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, model(2 * MIB), cdn);
    hub.serve("/owner/repo/resolve/main/next.gguf", model());
    const downloads = server();
    await downloads.start(SOURCE);
    expect((await downloads.start("hf:owner/repo/next.gguf")).state).toBe("queued");
    cdn.line = null;
    await vi.waitFor(() => expect(downloads.list().map(({ state }) => state)).toEqual(["done", "done"]), 10_000);
  });
});

describe("the sha256 to check against", () => {
  it("comes from the hub's list of files where its answer has none", async () => {
    const file = model();
    hub.serveRepository("owner/repo", { "model.gguf": file });
    const downloads = server();
    await downloads.start(SOURCE);
    expect((await until(downloads, "done")).hasPublishedHash).toBe(true);
    expect(placed().equals(file.start)).toBe(true);
  });

  it("from the list refuses another file", async () => {
    hub.serveRepository("owner/repo", { "model.gguf": model() }, () => "0".repeat(64));
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(/^CORRUPT_MODEL: model.gguf does not have the sha256/);
  });

  it("is said to be missing where the server publishes none", async () => {
    hub.serve("/elsewhere/model.gguf", model());
    const downloads = server();
    await downloads.start(`${hub.origin}/elsewhere/model.gguf`);
    expect((await until(downloads, "done")).hasPublishedHash).toBe(false);
  });
});

describe("two servers on one models folder", () => {
  it("never fetch the same file: the second waits, says so, and is done with the first", async () => {
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const file = model(2 * MIB);
    hub.serveLinked(PATH, file, cdn);
    const [one, other] = [server(), server({ limitPath: join(home, "other-limit.json") })];
    await one.start(SOURCE);
    await vi.waitFor(() => expect(only(one).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    await other.continueEarlier();
    expect(other.list()).toEqual([]);
    await other.start(SOURCE);
    const waiting = await until(other, "waiting");
    expect(waiting.state === "waiting" && waiting.why.message).toBe(
      `Another Headroom is fetching models into ${modelsFolder}.`,
    );
    cdn.line = null;
    await until(one, "done");
    const askedTimes = hub.seen.length;
    await timers.advance(10_000);
    await until(other, "done");
    expect(hub.seen).toHaveLength(askedTimes);
    expect(leftFiles().sort()).toEqual(["owner", "owner/repo", NAME]);
  });

  it("the second goes on with what the first left when it ended", async () => {
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    const [one, other] = [server(), server({ limitPath: join(home, "other-limit.json") })];
    await one.start(SOURCE);
    await vi.waitFor(() => expect(only(one).receivedBytes).toBeGreaterThan(MIB), { timeout: 5000, interval: 5 });
    await other.continueEarlier();
    await one.shutdown();
    cdn.line = null;
    const sentBytes = cdn.sentBytes;
    await timers.advance(10_000);
    await until(other, "done");
    expect(placed().equals(file.start)).toBe(true);
    expect(cdn.sentBytes - sentBytes).toBeLessThan(file.fileBytes - MIB / 2);
  });
});

describe("D1 a download that is cut off", () => {
  it.each([0, 1, 50, 99])("after %i % of its bytes goes on by itself", async percent => {
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    const downloads = server();
    const cutBytes = Math.floor((file.fileBytes * percent) / 100);
    cdn.serve(PATH, (request, response) => {
      // The header and the size are read in short ranges; the weights in one that begins at the start.
      const isWeights = request.headers.range === `bytes=0-${file.fileBytes - 1}`;
      cdn.cutAfterBytes = isWeights ? cutBytes : null;
      cdn.sendRange(file, request.headers.range, response);
    });
    await downloads.start(SOURCE);
    await until(downloads, "waiting");
    cdn.serve(PATH, file);
    cdn.cutAfterBytes = null;
    const sentBytes = cdn.sentBytes;
    await timers.advance(1000);
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
    // What was on the way when the connection was cut may be lost.
    expect(cdn.sentBytes - sentBytes).toBeLessThan(file.fileBytes - cutBytes + MIB / 2);
  });

  it("by a crash of the server goes on with what is there, and the sha256 is right", async () => {
    const file = model(4 * MIB);
    cdn.line = { windowBytes: 256 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, file, cdn);
    const before = server();
    await before.start(SOURCE);
    await vi.waitFor(() => expect(only(before).receivedBytes).toBeGreaterThan(MIB), { timeout: 10_000, interval: 5 });
    await before.shutdown();
    expect(leftFiles().some(name => name.endsWith(".gguf"))).toBe(false);
    cdn.line = null;
    const sentBytes = cdn.sentBytes;
    const after = server();
    await after.continueEarlier();
    await until(after, "done");
    expect(placed().equals(file.start)).toBe(true);
    expect(cdn.sentBytes - sentBytes).toBeLessThan(file.fileBytes - MIB / 2);
  });

  it("by a crash never fetches more again than is noted at once, however fast it came", async () => {
    const file = model(16 * MIB);
    hub.serveLinked(PATH, file, cdn);
    // Never by time.
    const pace = { ...usualPace, noteMs: 3_600_000, noteBytes: 4 * MIB };
    let comeBytes = 0;
    const transfer: DownloadsOptions["transfer"] = async ({ part, onBytes }) => {
      for (const segment of part.segments)
        while (segment.nextBytes < segment.endBytes) {
          const bytes = Math.min(MIB, segment.endBytes - segment.nextBytes);
          segment.nextBytes += bytes;
          comeBytes += bytes;
          onBytes(bytes);
          await vi.waitFor(() => expect(comeBytes - notedBytes()).toBeLessThan(4 * MIB), { interval: 1 });
        }
    };
    const downloads = server({ pace, transfer });
    await downloads.start(SOURCE);
    // Nothing was written, so the check refuses it in the end.
    await until(downloads, "failed");
    expect(comeBytes).toBe(file.fileBytes);
  });

  it("by pause stays paused over a restart, and goes on when told", async () => {
    const file = model(2 * MIB);
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, file, cdn);
    const before = server();
    const { id } = await before.start(SOURCE);
    await vi.waitFor(() => expect(only(before).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    await before.command(id, "pause");
    expect(only(before).state).toBe("paused");
    await before.shutdown();
    cdn.line = null;
    const after = server();
    await after.continueEarlier();
    expect(only(after).state).toBe("paused");
    await after.command(id, "resume");
    await until(after, "done");
    expect(placed().equals(file.start)).toBe(true);
  });

  it("by cancel leaves no file and no folder", async () => {
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, model(2 * MIB), cdn);
    const downloads = server();
    const { id } = await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    await downloads.command(id, "cancel");
    expect(downloads.list()).toEqual([]);
    expect(leftFiles()).toEqual([]);
  });
});

describe("a hub that goes away in the middle", () => {
  it("is asked again until it is back, and nothing is fetched twice", async () => {
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const downloads = server();
    await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(MIB), { timeout: 5000, interval: 5 });
    const { port } = hub;
    await Promise.all([hub.stop(), cdn.stop()]);
    const waiting = await until(downloads, "waiting");
    expect(waiting.receivedBytes).toBeGreaterThan(MIB);
    // One second, then two, then four.
    for (const waitMs of [1000, 2000, 4000]) {
      await timers.advance(waitMs);
      const again = await until(downloads, "waiting");
      expect(again.state === "waiting" && again.why).toMatchObject({
        code: "DOWNLOAD_FAILED",
        message: "127.0.0.1 refuses the connection.",
        next: "Check the address and the connection, then try again.",
      });
    }
    hub = await StandInHub.start(port);
    hub.serve(PATH, (request, response) => {
      response.setHeader("x-linked-etag", `"${sha256Of(file)}"`);
      hub.sendRange(file, request.headers.range, response);
    });
    await timers.advance(8000);
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
    expect(hub.sentBytes).toBeLessThan(file.fileBytes - MIB / 2);
  });

  it("and stays away is given up after some ten minutes, with all that was fetched", async () => {
    hub.serveLinked(PATH, model(4 * MIB), cdn);
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const downloads = server();
    await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(MIB), { timeout: 5000, interval: 5 });
    await hub.stop();
    await cdn.stop();
    await until(downloads, "waiting");
    // 1, 2, 4, 8, 16 and 32 seconds, then eight whole minutes.
    for (let tries = 0; only(downloads).state !== "failed"; tries++) {
      expect(tries).toBeLessThan(15);
      await timers.advance(60_000);
      await vi.waitFor(() => expect(only(downloads).state).toMatch(/waiting|failed/), { interval: 5 });
    }
    expect(only(downloads).receivedBytes).toBeGreaterThan(MIB);
    expect(leftFiles().filter(name => name.endsWith(".part"))).toHaveLength(1);
  });
});

describe("D2 a server", () => {
  it("without ranges is read from the start, as one file", async () => {
    const file = model(MIB);
    hub.serve(PATH, (_, response) => hub.sendRange(file, undefined, response));
    const downloads = server();
    await downloads.start(SOURCE);
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
  });

  it("that loses its ranges in the middle sends the file again: nothing is spliced, and the sha256 is right", async () => {
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const downloads = server();
    const { id } = await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(MIB), { timeout: 5000, interval: 5 });
    await downloads.command(id, "pause");
    cdn.line = null;
    cdn.serve(PATH, (_, response) => cdn.sendRange(file, undefined, response));
    await downloads.command(id, "resume");
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
  });

  it("that has another version after a pause begins again: nothing is spliced", async () => {
    const old = model(2 * MIB);
    const changed = { ...model(2 * MIB), etag: "newer" };
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, old, cdn);
    const downloads = server();
    const { id } = await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    await downloads.command(id, "pause");
    cdn.line = null;
    hub.serveLinked(PATH, changed, cdn);
    await downloads.command(id, "resume");
    await until(downloads, "waiting");
    await timers.advance(1000);
    await until(downloads, "done");
    expect(placed().equals(changed.start)).toBe(true);
  });

  it("that sends another range than asked for is not believed", async () => {
    const file = model();
    hub.serve(PATH, (request, response) => {
      const isWeights = request.headers.range === `bytes=0-${file.fileBytes - 1}`;
      if (!isWeights) return hub.sendRange(file, request.headers.range, response);
      const range = `bytes 7-${file.fileBytes - 1}/${file.fileBytes}`;
      response.writeHead(206, { etag: '"stand-in"', "content-range": range }).end(file.start.subarray(7));
    });
    const downloads = server();
    await downloads.start(SOURCE);
    const waiting = await until(downloads, "waiting");
    expect(waiting.state === "waiting" && waiting.why.message).toMatch(/another range/);
    expect(waiting.receivedBytes).toBe(0);
  });
});

it.each([
  [
    "stalls",
    (response: ServerResponse, start: Uint8Array) => response.write(start.subarray(0, 1000)),
    /sent only 1000 bytes in 0.1 s/,
  ],
  ["trickles", trickle, /sent only \d{1,4} bytes in 0.1 s/],
] as const)("D3 a connection that %s is given up and tried again", async (_, send, message) => {
  const file = model(MIB);
  let stalls = 1;
  hub.serve(PATH, (request, response) => {
    if (request.headers.range === `bytes=0-${file.fileBytes - 1}` && stalls-- > 0) {
      response.writeHead(206, {
        etag: '"stand-in"',
        "content-range": `bytes 0-${file.fileBytes - 1}/${file.fileBytes}`,
      });
      send(response, file.start);
    } else hub.sendRange(file, request.headers.range, response);
  });
  const downloads = server({ pace: { ...usualPace, stallMs: 100 } });
  await downloads.start(SOURCE);
  const waiting = await until(downloads, "waiting");
  expect(waiting.state === "waiting" && waiting.why.message).toMatch(message);
  // On a busy computer the next attempt may take 0.1 s for its first byte too, and is then tried once more.
  await vi.waitFor(
    async () => {
      await timers.advance(1000);
      expect(only(downloads).state).toBe("done");
    },
    { timeout: 10_000 },
  );
  expect(placed().equals(file.start)).toBe(true);
});

describe("D4 what is refused leaves no part file", () => {
  it("a file with another sha256 than the hub announced", async () => {
    hub.serveLinked(PATH, model(), cdn, "0".repeat(64));
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(/^CORRUPT_MODEL: model.gguf does not have the sha256/);
    expect(leftFiles().filter(name => /part|gguf/.test(name))).toEqual([]);
  });

  it("a file of another size than the hub announced", async () => {
    const file = model();
    hub.serveLinked(PATH, file, cdn);
    cdn.serve(PATH, model(MIB));
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(new RegExp(`says that the file has ${file.fileBytes} bytes, but`));
  });

  it.each([
    ["a web page", "<!doctype html><title>Sign in</title>"],
    ["an LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"],
  ])("%s instead of a model", async (_, text) => {
    const start = Buffer.from(text);
    hub.serve(PATH, { start, fileBytes: start.byteLength });
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(/^NOT_GGUF/);
    expect(leftFiles().filter(name => /part$|gguf$/.test(name))).toEqual([]);
  });
});

describe("the finished file", () => {
  it("that a person deletes is fetched again when asked for", async () => {
    hub.serveLinked(PATH, model(), cdn);
    const downloads = server();
    const first = await downloads.start(SOURCE);
    await until(downloads, "done");
    rmSync(join(modelsFolder, "owner"), { recursive: true });
    expect((await downloads.start(SOURCE)).id).not.toBe(first.id);
    await until(downloads, "done");
    expect(existsSync(join(modelsFolder, NAME))).toBe(true);
  });

  it("that a person deletes is off the list, so that the page offers to fetch it", async () => {
    hub.serveLinked(PATH, model(), cdn);
    const downloads = server();
    await downloads.start(SOURCE);
    await until(downloads, "done");
    await downloads.dropGone();
    expect(downloads.list()).toHaveLength(1);
    let told = 0;
    downloads.subscribe(() => told++);
    rmSync(join(modelsFolder, NAME));
    await downloads.dropGone();
    expect([downloads.list(), told]).toEqual([[], 1]);
  });

  it("of another program at the same place is not replaced", async () => {
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    const downloads = server();
    const { id } = await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    mkdirSync(join(modelsFolder, "owner/repo"), { recursive: true });
    writeFileSync(join(modelsFolder, NAME), "another");
    cdn.line = null;
    expect(await failure(downloads)).toBe(
      `INVALID_INPUT: There is already a file ${NAME} in the models folder. Use that one, or move it away and try again.`,
    );
    expect(placed().toString()).toBe("another");
    await downloads.command(id, "dismiss");
    expect(leftFiles().filter(name => /part$|json$/.test(name))).toEqual([]);
  });
});

describe("D5 a redirect is refused", () => {
  it.each([
    ["to plain http", "http://example.com/model.gguf"],
    ["to a private address", "https://192.168.1.1/model.gguf"],
    ["to this computer", "https://127.0.0.1/model.gguf"],
  ])("%s", async (_, location) => {
    hub.serve(PATH, answer(302, { location }));
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(/^FORBIDDEN/);
  });

  it("the 6th in a row", async () => {
    hub.serve(PATH, answer(302, { location: PATH }));
    const downloads = server();
    await downloads.start(SOURCE);
    const waiting = await until(downloads, "waiting");
    expect(waiting.state === "waiting" && waiting.why.message).toMatch(/redirected more than 5 times/);
  });
});

it.each([
  "hf:owner:443/repo/x.gguf",
  "hf:user@owner/repo/x.gguf",
  "hf:../repo/x.gguf",
  "hf:owner/repo/../../x.gguf",
  "hf:owner/repo/..\\..\\x.gguf",
  "hf:owner/repo/con.gguf",
  "hf:owner/repo/.hidden.gguf",
  "https://example.com/%2e%2e%2fx.gguf",
  "https://example.com/..%5cx.gguf",
  "https://user:secret@example.com/x.gguf",
  "https://example.com/x.exe",
  "file:///etc/passwd.gguf",
])("D6 D7 %s is refused before anything is asked", async source => {
  await expect(server().start(source)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  expect(leftFiles()).toEqual([]);
});

it("D8 a model that is larger than the free space is refused before its weights, with both numbers", async () => {
  const { start } = model();
  hub.serve(PATH, { start, fileBytes: 2 ** 42 });
  const downloads = server();
  await downloads.start(SOURCE);
  // 4 TiB and the reserve of 64 MiB.
  expect(await failure(downloads)).toMatch(/^DISK_FULL: .* needs 4096.06 GiB .* are free\. Free .* GiB/);
  expect(hub.sentBytes).toBeLessThan(2 * MIB);
});

it("D10 the token goes to the hub only", async () => {
  hub.serveLinked(PATH, model(), cdn);
  const downloads = server({ token: "hf_secret" });
  await downloads.start(SOURCE);
  await until(downloads, "done");
  expect(new Set(hub.seen.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_secret"]));
  expect(new Set(cdn.seen.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
});

describe("D11 a hub that says no is understood", () => {
  it.each([
    [401, /^FORBIDDEN: .* wants a sign-in for model.gguf. Ask for access at http:\/\/127.*\/owner\/repo, set HF_TOKEN/],
    [403, /^FORBIDDEN: .* gated or private. Accept its terms at http:\/\/127.*\/owner\/repo, set HF_TOKEN/],
    [404, /^MODEL_NOT_FOUND: .* has no model.gguf. Check the owner/],
  ])("status %i", async (status, sentence) => {
    hub.serve(PATH, answer(status));
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(sentence);
  });

  it.each([
    [
      401,
      "GatedRepo",
      null,
      /gated or private. Accept its terms at http:\/\/127.*\/owner\/repo, set HF_TOKEN, restart/,
    ],
    [403, "GatedRepo", "hf_other", /Accept its terms at http:\/\/127.*, check that HF_TOKEN is of that account/],
    [401, "RepoNotFound", null, /shows no such repository: it is private, or not there. Look at http:.*, set HF_TOKEN/],
  ])("status %i with the hub's code %s", async (status, code, token, sentence) => {
    hub.serve(PATH, answer(status, { "x-error-code": code }));
    const downloads = server({ token });
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(sentence);
    expect(leftFiles().filter(name => /part$|gguf$/.test(name))).toEqual([]);
  });

  it("status 429 in the middle keeps what came, and waits as long as it was told", async () => {
    const file = model(4 * MIB);
    hub.serveLinked(PATH, file, cdn);
    const downloads = server();
    cdn.serve(PATH, (request, response) => {
      const isBegun = cdn.cutAfterBytes !== null;
      if (isBegun) return answer(429, { "retry-after": "30" })(request, response);
      if (request.headers.range === `bytes=0-${file.fileBytes - 1}`) cdn.cutAfterBytes = 3 * MIB;
      cdn.sendRange(file, request.headers.range, response);
    });
    await downloads.start(SOURCE);
    await until(downloads, "waiting");
    await timers.advance(1000);
    const waiting = await vi.waitFor(() => {
      const download = only(downloads);
      if (download.state !== "waiting" || download.why.code !== "BUSY") throw new Error(download.state);
      return download;
    });
    expect(waiting.untilMs).toBe(31_000);
    expect(waiting.why.next).toBe("Nothing to do: it goes on by itself.");
    expect(waiting.receivedBytes).toBeGreaterThan(2 * MIB);
    cdn.cutAfterBytes = null;
    cdn.serve(PATH, file);
    await timers.advance(30_000);
    await until(downloads, "done");
    expect(placed().equals(file.start)).toBe(true);
  });

  it("a repository that was renamed is fetched from its new name", async () => {
    const file = model();
    hub.serveLinked("/owner/new-name/resolve/main/model.gguf", file, cdn);
    hub.serve(PATH, answer(307, { location: "/owner/new-name/resolve/main/model.gguf" }));
    const downloads = server();
    await downloads.start(SOURCE);
    expect((await until(downloads, "done")).hasPublishedHash).toBe(true);
    expect(placed().equals(file.start)).toBe(true);
  });

  it("status 429 waits as long as it was told, and says so", async () => {
    hub.serve(PATH, answer(429, { "retry-after": "120" }));
    const downloads = server();
    await downloads.start(SOURCE);
    const waiting = await until(downloads, "waiting");
    if (waiting.state !== "waiting") throw new Error("unreachable");
    expect(waiting.why.message).toMatch(/asks to wait: too many requests/);
    expect(waiting.untilMs).toBe(120_000);
    hub.serve(PATH, model());
    await downloads.command(waiting.id, "resume");
    await until(downloads, "done");
  });
});

describe("the models folder", () => {
  it("that is not there is said to be missing, and is not made", async () => {
    rmSync(modelsFolder, { recursive: true });
    hub.serve(PATH, model());
    const downloads = server();
    await downloads.start(SOURCE);
    expect(await failure(downloads)).toMatch(/^STORE_UNAVAILABLE: The models folder .* is not there/);
    expect(existsSync(modelsFolder)).toBe(false);
  });

  it.each([
    ["the part file", /^DOWNLOAD_FAILED: The unfinished file of .* was deleted/],
    ["itself", /^STORE_UNAVAILABLE: The models folder .* is not there/],
  ])("from which %s is removed meanwhile ends the download with a sentence", async (what, sentence) => {
    cdn.line = { windowBytes: 512 * 1024, roundTripMs: 20 };
    hub.serveLinked(PATH, model(8 * MIB), cdn);
    const downloads = server();
    await downloads.start(SOURCE);
    await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
    const parts = leftFiles().filter(name => name.endsWith(".part"));
    expect(parts).toHaveLength(1);
    // Another part file may come in between.
    if (what === "itself") rmSync(modelsFolder, { recursive: true, maxRetries: 5 });
    else rmSync(join(modelsFolder, parts[0] ?? ""));
    expect(await failure(downloads)).toMatch(sentence);
  });
});

it("the speed limit holds, is kept over a restart, and can be lifted", async () => {
  hub.serve(PATH, model(2 * MIB));
  const downloads = server();
  downloads.limitSpeed(64 * 1024);
  const { id } = await downloads.start(SOURCE);
  await vi.waitFor(() => expect(only(downloads).receivedBytes).toBeGreaterThan(0), { timeout: 5000, interval: 5 });
  expect(only(downloads).receivedBytes).toBeLessThan(MIB);
  expect(server().bytesPerSecondLimit).toBe(64 * 1024);
  await downloads.command(id, "pause");
  downloads.limitSpeed(null);
  await downloads.command(id, "resume");
  await until(downloads, "done");
});

it("several connections fetch a file that one alone fetches slowly", async () => {
  const file = model(64 * MIB);
  // 1 MiB in 50 ms: 20 MiB a second for each connection.
  cdn.line = { windowBytes: MIB, roundTripMs: 50 };
  hub.serveLinked(PATH, file, cdn);
  const downloads = server({ pace: { ...usualPace, weighMs: 250 } });
  await downloads.start(SOURCE);
  await until(downloads, "done");
  expect(placed().equals(file.start)).toBe(true);
  const begun = cdn.seen.filter(({ range }) => /-\d{7,}$/.test(range ?? ""));
  expect(begun.length).toBeGreaterThan(2);
});
