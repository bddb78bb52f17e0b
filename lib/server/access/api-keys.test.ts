import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { GenerationStats } from "@/lib/schema/generation";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { ApiKeys } from "./api-keys";

const limits = { requestsPerMinute: null, tokensPerDay: null };
const answer = (promptTokens: number, generatedTokens: number): GenerationStats => ({
  promptTokens,
  generatedTokens,
  cachedTokens: 0,
  timeToFirstTokenMs: 1,
  tokensPerSecond: 1,
  prefillTokensPerSecond: 1,
  totalMs: 1,
});

let folder: string;
let timers: ManualTimers;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-keys-"));
  timers = new ManualTimers();
});

const path = () => join(folder, "api-keys.json");
const open = () =>
  new ApiKeys({
    path: path(),
    timers,
    onFailure: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });

describe("API keys", () => {
  it("keeps a hash and never the secret, in a file that only its owner reads", () => {
    const { secret, key } = open().make({ name: "editor", ...limits });
    expect(secret).toMatch(/^headroom-[\w-]{43}$/);
    expect(readFileSync(path(), "utf8")).not.toContain(secret);
    expect(secret.startsWith(key.start)).toBe(true);
    expect(JSON.stringify(open().list())).not.toMatch(/[0-9a-f]{64}/);
    if (process.platform !== "win32") expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it("knows a key after a restart, and not after it was revoked", () => {
    const { secret, key } = open().make({ name: "editor", ...limits });
    const again = open();
    expect(again.find(secret)).toEqual({ id: key.id });
    again.revoke(key.id);
    expect(again.find(secret)).toBe("unknown");
    expect(open().find(secret)).toBe("unknown");
    expect(again.find("sk-anything")).toBeNull();
  });

  it("refuses a second key of the same name", () => {
    const keys = open();
    keys.make({ name: "editor", ...limits });
    expect(() => keys.make({ name: "editor", ...limits })).toThrow(/editor/);
  });

  it("refuses the third request of a minute where two are allowed, and says when to come again", async () => {
    const keys = open();
    const { key } = keys.make({ name: "editor", ...limits, requestsPerMinute: 2 });
    keys.begin(key.id);
    await timers.advance(20_000);
    keys.begin(key.id);
    // The first request leaves the minute 40 s from now.
    expect(() => keys.begin(key.id)).toThrow(expect.objectContaining({ code: "RATE_LIMITED", retryAfterSeconds: 40 }));
    await timers.advance(40_001);
    keys.begin(key.id);
    expect(keys.list()[0]).toMatchObject({ requests: 3 });
  });

  it("refuses more than a day's tokens, and begins again at midnight UTC", async () => {
    const keys = open();
    const { key } = keys.make({ name: "editor", ...limits, tokensPerDay: 100 });
    keys.begin(key.id);
    keys.noteAnswer(key.id, answer(60, 40));
    expect(() => keys.begin(key.id)).toThrow(/100 tokens of today/);
    await timers.advance(24 * 60 * 60 * 1000);
    keys.begin(key.id);
    expect(keys.list()[0]).toMatchObject({ promptTokens: 60, generatedTokens: 40, tokensToday: 0 });
  });

  it("saves counts a while after they changed, and at a shutdown", async () => {
    const keys = open();
    const { key } = keys.make({ name: "editor", ...limits });
    keys.begin(key.id);
    expect(open().list()[0]).toMatchObject({ requests: 0 });
    await timers.advance(5_000);
    expect(open().list()[0]).toMatchObject({ requests: 1 });
    keys.begin(key.id);
    keys.shutdown();
    expect(open().list()[0]).toMatchObject({ requests: 2 });
  });

  it("does not open what is locked because its file is broken", () => {
    writeFileSync(path(), "{");
    expect(open).toThrow();
  });
});
