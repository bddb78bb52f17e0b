import { beforeEach, describe, expect, it } from "vitest";
import { type EngineSnapshot, type LiveEvent, liveEventSchema } from "@/lib/schema/live-events";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import { gpuReport } from "@/lib/schema/testing/gpu-report";
import { engineSnapshot } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { LiveSampler } from "./live-sampler";
import { liveStream } from "./live-stream";

class Source {
  readonly listeners = new Set<() => void>();
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  change(): void {
    for (const listener of this.listeners) listener();
  }
}

const noGpu = gpuReport({ reason: "none", remedy: "none" });
const snapshot = engineSnapshot({ state: "ready" });

let timers: ManualTimers;
let engine: Source & { snapshot(): EngineSnapshot; readonly pid: number | null };
let settings: Source & { read(): void };
let reads: { gpu: number; settings: number; watchers: number };
let sampler: LiveSampler;
let report: GpuReport;

beforeEach(() => {
  timers = new ManualTimers();
  report = noGpu;
  reads = { gpu: 0, settings: 0, watchers: 0 };
  engine = Object.assign(new Source(), { snapshot: () => snapshot, pid: null });
  settings = Object.assign(new Source(), {
    read: () => {
      reads.settings += 1;
    },
  });
  const gpu = {
    read: async () => {
      reads.gpu += 1;
      return report;
    },
    watch: () => {
      reads.watchers += 1;
      return () => {
        reads.watchers -= 1;
      };
    },
  };
  sampler = new LiveSampler({
    gpu,
    engine,
    settings,
    downloads: Object.assign(new Source(), { list: () => [] }),
    log: { subscribe: () => () => {} },
    changes: [["settings", settings]],
    onFailure: () => {},
    timers,
  });
});

function tab() {
  const heard: LiveEvent[] = [];
  let hasEnded = false;
  const leave = sampler.subscribe({
    next: event => heard.push(event),
    end: () => {
      hasEnded = true;
    },
  });
  return { heard, leave, of: (type: string) => heard.filter(event => event.type === type), ended: () => hasEnded };
}

describe("live numbers", () => {
  it("nothing is read while nobody listens", async () => {
    await timers.advance(10_000);
    expect(reads).toEqual({ gpu: 0, settings: 0, watchers: 0 });
    expect(engine.listeners.size + settings.listeners.size).toBe(0);
  });

  it("are read once a second, however many tabs listen", async () => {
    const tabs = [tab(), tab(), tab()];
    await timers.advance(9_500);
    expect(reads).toEqual({ gpu: 10, settings: 10, watchers: 1 });
    for (const each of tabs) expect(each.of("telemetry")).toHaveLength(10);
  });

  it("H4 the plan is asked again when a card is lost, and when it is back", async () => {
    const { of } = tab();
    await timers.advance(3_500);
    expect(of("changed")).toEqual([]);
    report = { ...noGpu, lostCards: [{ id: "GPU-1", name: "RTX 3060", pciAddress: null }] };
    await timers.advance(3_000);
    expect(of("changed")).toEqual([{ type: "changed", what: "surface" }]);
    report = noGpu;
    await timers.advance(3_000);
    expect(of("changed")).toHaveLength(2);
  });

  it("stop with the last tab and start again with the next", async () => {
    const [one, two] = [tab(), tab()];
    await timers.advance(2_500);
    one.leave();
    one.leave();
    await timers.advance(1_000);
    two.leave();
    const { gpu } = reads;
    await timers.advance(20_000);
    expect(reads).toMatchObject({ gpu, watchers: 0 });
    expect(engine.listeners.size + settings.listeners.size).toBe(0);
    tab();
    await timers.advance(1_500);
    expect(reads).toMatchObject({ gpu: gpu + 2, watchers: 1 });
  });

  it("a newcomer hears at once how things stand", async () => {
    expect(tab().heard.map(event => event.type)).toEqual(["engine", "downloads"]);
    await timers.advance(100);
    expect(tab().heard.map(event => event.type)).toEqual(["engine", "downloads", "telemetry"]);
  });

  it("hundreds of steps of a load are told ten times a second at most, the last one always", async () => {
    const { of } = tab();
    for (let step = 0; step < 100; step += 1) {
      engine.change();
      await timers.advance(10);
    }
    await timers.advance(200);
    expect(of("engine").length).toBeGreaterThan(8);
    expect(of("engine").length).toBeLessThanOrEqual(12);
  });

  it("what changed elsewhere is named", async () => {
    const { of } = tab();
    settings.change();
    expect(of("changed")).toEqual([{ type: "changed", what: "settings" }]);
  });

  it("every event is what the page expects", async () => {
    const { heard } = tab();
    await timers.advance(1_500);
    for (const event of heard) expect(liveEventSchema.parse(event)).toEqual(event);
  });

  it("a failing look is followed by the next one", async () => {
    settings.read = () => {
      reads.settings += 1;
      throw new Error("folder gone");
    };
    tab();
    await timers.advance(3_500);
    expect(reads.settings).toBe(4);
  });

  it("E8 a shutdown ends all tabs", async () => {
    const { ended } = tab();
    sampler.close();
    expect(ended()).toBe(true);
    expect(reads.watchers).toBe(0);
  });
});

describe("the stream of one tab", () => {
  it("tells events by name as JSON", async () => {
    const events = liveStream(sampler, new AbortController().signal);
    expect((await events.next()).value).toBe("retry: 2000\n\n");
    expect((await events.next()).value).toBe(
      `event: engine\ndata: ${JSON.stringify({ type: "engine", engine: snapshot })}\n\n`,
    );
    await events.return();
  });

  it("N3 leaves by the stream's end and by the request's abort alike", async () => {
    const events = liveStream(sampler, new AbortController().signal);
    await events.next();
    expect(reads.watchers).toBe(1);
    await events.return();
    expect(reads.watchers).toBe(0);
    const client = new AbortController();
    await liveStream(sampler, client.signal).next();
    expect(reads.watchers).toBe(1);
    client.abort();
    expect(reads.watchers).toBe(0);
  });

  it("N6 a reader that does not read misses telemetry instead of filling the memory, and is left in the end", async () => {
    await liveStream(sampler, new AbortController().signal).next();
    await timers.advance(60_000);
    expect(reads.watchers).toBe(1);
    for (let event = 0; event < 1_000; event += 1) settings.change();
    expect(reads.watchers).toBe(0);
  });
});
