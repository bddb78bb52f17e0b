import type { EngineSnapshot, LiveEvent, Telemetry } from "@/lib/schema/live-events";
import type { Download } from "@/lib/schema/models/download";
import type { BesideModel, EmbeddingMemory, GpuReport } from "@/lib/schema/plans/gpu-memory";
import { CpuMeter } from "@/lib/server/system/cpu-meter";
import { readMemory } from "@/lib/server/system/read-memory";
import { systemTimers, type Timers } from "@/lib/server/system/timers";

const SAMPLE_INTERVAL_MS = 1_000;
/** A load reports progress far more often than anyone can see it. */
const ENGINE_INTERVAL_MS = 100;
const DOWNLOADS_INTERVAL_MS = 250;

/** Something that reports its changes. */
interface Subscribable {
  subscribe(listener: () => void): () => void;
}

type ChangedEvent = Extract<LiveEvent, { type: "changed" }>;

interface LiveSamplerOptions {
  readonly gpu: { read(): Promise<GpuReport>; watch(): () => void };
  readonly engine: Subscribable & { snapshot(): EngineSnapshot; readonly pid: number | null };
  readonly downloads: Subscribable & { list(): Download[] };
  readonly embeddings?: { readonly held: EmbeddingMemory | null };
  /** System memory of a draft model. */
  readonly besideInRam?: () => readonly BesideModel[];
  /** Reading the settings finds hand edits. */
  readonly settings: { read(): unknown };
  readonly log: { subscribe(listener: (line: { level: string; text: string; atMs: number }) => void): () => void };
  /** Changes that are sent by name only; the page then requests the data. */
  readonly changes: readonly (readonly [what: ChangedEvent["what"], source: Subscribable])[];
  readonly onFailure: (what: string, error: unknown) => void;
  readonly timers?: Timers;
}

interface LiveSubscriber {
  next(event: LiveEvent): void;
  /** The server is shutting down. */
  end(): void;
}

const lostIn = ({ lostCards }: GpuReport): string => lostCards.map(({ id }) => id).join(" ");

/** Everything that the server sends to pages unasked. One sampler serves all tabs; it does nothing while no tab listens. */
export class LiveSampler {
  readonly #options: LiveSamplerOptions;
  readonly #timers: Timers;
  readonly #subscribers = new Set<LiveSubscriber>();
  readonly #cpu = new CpuMeter();
  #stops: (() => void)[] = [];
  #cancelNext = (): void => {};
  #lastTelemetry: Telemetry | null = null;
  #isEngineDue = false;
  #areDownloadsDue = false;

  constructor(options: LiveSamplerOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  /** A new listener gets the present state at once. */
  subscribe(subscriber: LiveSubscriber): () => void {
    this.#subscribers.add(subscriber);
    if (this.#subscribers.size === 1) this.#start();
    subscriber.next({ type: "engine", engine: this.#options.engine.snapshot() });
    subscriber.next({ type: "downloads", downloads: this.#options.downloads.list() });
    if (this.#lastTelemetry) subscriber.next({ type: "telemetry", telemetry: this.#lastTelemetry });
    return () => {
      if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#stop();
    };
  }

  publish(event: LiveEvent): void {
    for (const subscriber of this.#subscribers) subscriber.next(event);
  }

  close(): void {
    for (const subscriber of [...this.#subscribers]) subscriber.end();
    this.#subscribers.clear();
    this.#stop();
  }

  #start(): void {
    const { gpu, engine, log, downloads, changes } = this.#options;
    this.#stops = [
      gpu.watch(),
      engine.subscribe(() => this.#engineChanged()),
      downloads.subscribe(() => this.#downloadsChanged()),
      log.subscribe(line => this.publish({ type: "log", ...line })),
      ...changes.map(([what, source]) => source.subscribe(() => this.publish({ type: "changed", what }))),
    ];
    this.#cpu.percent();
    void this.#sample();
  }

  #stop(): void {
    this.#cancelNext();
    for (const stop of this.#stops.splice(0)) stop();
    this.#lastTelemetry = null;
  }

  async #sample(): Promise<void> {
    const stops = this.#stops;
    const isWatched = (): boolean => this.#stops === stops && stops.length > 0;
    try {
      this.#options.settings.read();
      const gpu = await this.#options.gpu.read();
      if (isWatched()) this.#publishTelemetry(gpu);
    } catch (error) {
      this.#options.onFailure("The live numbers could not be read", error);
    }
    if (isWatched()) this.#cancelNext = this.#timers.after(SAMPLE_INTERVAL_MS, () => void this.#sample());
  }

  #publishTelemetry(gpu: GpuReport): void {
    const memory = readMemory(this.#options.engine.pid, this.#options.besideInRam?.());
    const hasOtherCards = this.#lastTelemetry !== null && lostIn(this.#lastTelemetry.gpu) !== lostIn(gpu);
    const embedding = this.#options.embeddings?.held;
    const telemetry = {
      atMs: this.#timers.nowMs(),
      gpu,
      memory,
      ...(embedding && { embedding }),
      cpuPercent: this.#cpu.percent(),
    };
    this.#lastTelemetry = telemetry;
    this.publish({ type: "telemetry", telemetry });
    // The plan is asked again for the cards that are left, or that came back.
    if (hasOtherCards) this.publish({ type: "changed", what: "surface" });
  }

  #engineChanged(): void {
    if (this.#isEngineDue) return;
    this.#isEngineDue = true;
    this.#timers.after(ENGINE_INTERVAL_MS, () => {
      this.#isEngineDue = false;
      this.publish({ type: "engine", engine: this.#options.engine.snapshot() });
    });
  }

  #downloadsChanged(): void {
    if (this.#areDownloadsDue) return;
    this.#areDownloadsDue = true;
    this.#timers.after(DOWNLOADS_INTERVAL_MS, () => {
      this.#areDownloadsDue = false;
      this.publish({ type: "downloads", downloads: this.#options.downloads.list() });
    });
  }
}
