import { appendFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { benchmarkRun } from "@/lib/schema/testing/benchmark-run";
import { BenchmarkStore } from "./benchmark-store";

const run = (id: string, atMs: number) => benchmarkRun({ id, atMs });

describe("BenchmarkStore", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "headroom-benchmarks-"));
  });

  it("has nothing before the first run", async () => {
    expect(await new BenchmarkStore(join(folder, "data")).list()).toEqual([]);
  });

  it("keeps runs over a restart, newest first", async () => {
    const dataFolder = join(folder, "data");
    await new BenchmarkStore(dataFolder).append(run("first", 1));
    await new BenchmarkStore(dataFolder).append(run("second", 2));
    expect((await new BenchmarkStore(dataFolder).list()).map(({ id }) => id)).toEqual(["second", "first"]);
  });

  it("loses only the record that a crash tore, and keeps its bytes", async () => {
    const store = new BenchmarkStore(folder);
    await store.append(run("first", 1));
    appendFileSync(join(folder, "benchmarks.jsonl"), '\n{"id":"torn","atMs":2');
    await store.append(run("third", 3));
    expect((await store.list()).map(({ id }) => id)).toEqual(["third", "first"]);
    expect(readFileSync(join(folder, "benchmarks.jsonl"), "utf8")).toContain('"torn"');
  });

  it("lists no more than the last 50 runs", async () => {
    const store = new BenchmarkStore(folder);
    for (let index = 0; index < 52; index++) await store.append(run(`run ${index}`, index));
    const listed = await store.list();
    expect(listed).toHaveLength(50);
    expect(listed.at(-1)?.id).toBe("run 2");
  });
});
