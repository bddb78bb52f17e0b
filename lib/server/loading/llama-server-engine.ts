import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { llamaServerFlags } from "@/lib/plan/words/llama-server-flags";
import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import { LLAMA_SERVER_ID } from "@/lib/schema/engines/other-engine";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";
import { CrashBreaker } from "@/lib/server/engine/crash-breaker";
import { engineEnvironment } from "@/lib/server/engine/engine-environment";
import { EngineCancelledError, EngineError, EngineFailedError } from "@/lib/server/engine/engine-errors";
import { engineLimits } from "@/lib/server/engine/engine-limits";
import type { CompleteRequest, GenerateRequest, GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import type { GpuChoice } from "@/lib/server/engine/fork-engine";
import {
  type AnsweringElsewhere,
  AnsweringServer,
  type AnsweringSnapshot,
} from "@/lib/server/engine/other/answering-server";
import { askServer } from "@/lib/server/engine/other/ask-server";
import type { Counted } from "@/lib/server/engine/other/count-tokens";
import { ServerProcess } from "@/lib/server/engine/other/server-process";
import type { Vocabulary } from "@/lib/server/engine/other/vocabulary";
import type { ProgramMemory } from "@/lib/server/gpu/held-memory";
import type { ConfirmedPlan } from "@/lib/server/planning/planner";
import { errorAnswer } from "@/lib/server/system/error-table";
import { freePort } from "@/lib/server/system/free-port";
import type { LogWriter } from "@/lib/server/system/log";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import { type Beside, NOTHING_BESIDE } from "./find-beside";
import { sameLoad } from "./load-settings";
import { untilAborted } from "./until-aborted";

const HOST = "127.0.0.1";
const ASK_AGAIN_MS = 150;
/** A large model is read from a slow disk within this time, or the program hangs. */
const START_LIMIT_MS = 15 * 60_000;

/** @see llama.cpp common/arg.cpp (common_params_parse_ex) */
const adviceFor = (said: string): string =>
  /error: invalid argument: -|error while handling argument/.test(said)
    ? ". This llama-server is older or newer than Headroom expects: install a present release, or choose the built-in engine."
    : "";

export interface LlamaServerEngineOptions {
  /** The program, as the user chose it. */
  readonly path: string;
  readonly planner: {
    confirmedPlanFor(settings: Settings, signal?: AbortSignal): Promise<Pick<ConfirmedPlan, "config" | "plan">>;
  };
  /** What is loaded beside the settings' model. Never throws. */
  readonly findBeside: (settings: Settings) => Promise<Beside>;
  /** Gives back what our own engine holds, before the program takes its memory. */
  readonly freeOwnEngine: () => Promise<void>;
  readonly readSettings: () => Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly gpu: GpuChoice;
  readonly onChange: () => void;
  readonly onLog: LogWriter;
  readonly timers?: Timers;
}

interface Running {
  readonly settings: Settings;
  readonly config: LoadConfig;
  readonly plan: Pick<LayerPlan, "totalLayers" | "predicted">;
  readonly process: ServerProcess;
  readonly server: AnsweringServer;
}

/**
 * llama.cpp's own server, started with the flags of our plan for the settings' model, and used like a server elsewhere. It listens on
 * this computer only, with a key that exists only while it runs.
 */
export class LlamaServerEngine implements AnsweringElsewhere {
  readonly #breaker = new CrashBreaker(engineLimits);
  readonly #timers: Timers;
  #running: Running | null = null;
  #starting: Promise<Running> | null = null;
  /** Ends the planning and the program of a start that is no longer needed. */
  #callOff = new AbortController();
  #error: EngineSnapshot["error"] = null;
  #restarts = 0;
  #beside = NOTHING_BESIDE;
  #besideOf: string | null = null;
  #cancelRestart = (): void => {};

  constructor(private readonly options: LlamaServerEngineOptions) {
    this.#timers = options.timers ?? systemTimers;
    void this.#findBeside(options.readSettings());
  }

  /** What it has, or will have, on the card beside the model. */
  get beside(): readonly BesideModel[] {
    return this.#beside.onCard;
  }

  /** The same of system memory. */
  get besideInRam(): readonly BesideModel[] {
    return this.#beside.inRam;
  }

  get pid(): number | null {
    return this.#running?.process.pid ?? null;
  }

  /** What the program holds of the graphics memory, as planned, because it does not report it. null while it does not run. */
  get memory(): ProgramMemory | null {
    return this.#running && { pid: this.pid, bytes: this.#running.plan.predicted.totalBytes };
  }

  snapshot(): LlamaServerSnapshot {
    const { MODEL, N_CTX } = this.options.readSettings();
    const running = this.#running;
    const server = running?.server.snapshot();
    const idle = this.#starting !== null ? "loading" : this.#error !== null ? "failed" : "ready";
    return {
      state: server?.state ?? idle,
      modelName: running?.settings.MODEL ?? MODEL,
      hasChatTemplate: true,
      error: this.#error ?? server?.error ?? null,
      answering: server?.answering ?? 0,
      config: running?.config ?? null,
      totalLayers: running?.plan.totalLayers ?? null,
      held: running?.plan.predicted ?? null,
      restarts: this.#restarts,
      other: server?.other ?? {
        engineId: LLAMA_SERVER_ID,
        engineName: "llama-server",
        kind: "llama-server",
        address: `http://${HOST}`,
        model: MODEL,
        contextTokens: N_CTX,
        takesPictures: this.#beside.files.picturesPath !== undefined,
        load: null,
      },
    };
  }

  /** Starts it, or starts it again when the settings ask for another load. @throws EngineError, ModelFileError */
  async ensureReady(signal?: AbortSignal): Promise<void> {
    await untilAborted(
      this.#ready().then(() => {}),
      signal,
    );
  }

  async *generate(request: GenerateRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    await this.ensureReady(signal);
    yield* this.#answering().generate(request, signal);
  }

  async *complete(request: CompleteRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    await this.ensureReady(signal);
    yield* this.#answering().complete(request, signal);
  }

  async count(turns: readonly ChatTurn[], options?: PromptOptions): Promise<Counted> {
    await this.ensureReady();
    return this.#answering().count(turns, options);
  }

  async vocabulary(): Promise<Vocabulary | null> {
    await this.ensureReady();
    return this.#answering().vocabulary();
  }

  async refresh(): Promise<void> {
    const settings = this.options.readSettings();
    if (keyOf(settings) !== this.#besideOf) await this.#findBeside(settings);
    await this.#running?.server.refresh();
  }

  /** While it does not run, the next message starts it with these settings. */
  async follow(): Promise<boolean> {
    const before = this.#running;
    if (before === null && this.#starting === null) return false;
    return (await this.#ready()) !== before;
  }

  /** Somebody asked for it: earlier crashes no longer count. */
  async reload(): Promise<void> {
    this.#breaker.forgive();
    await this.stop();
    await this.ensureReady();
  }

  async stop(): Promise<void> {
    this.#cancelRestart();
    this.#callOff.abort(new EngineCancelledError("llama-server is being stopped."));
    const running = (await this.#starting?.catch(() => null)) ?? this.#running;
    this.#running = null;
    this.#error = null;
    await running?.process.stop();
    this.options.onChange();
  }

  async #findBeside(settings: Settings): Promise<void> {
    this.#besideOf = keyOf(settings);
    const found = await this.options.findBeside(settings);
    // Stays the same object while nothing changes, because readings of the card are kept for as long.
    if (JSON.stringify(found) === JSON.stringify(this.#beside)) return;
    this.#beside = found;
    this.options.onChange();
  }

  #answering(): AnsweringServer {
    if (this.#running === null) throw new EngineError("ENGINE_CRASHED", "llama-server has ended.");
    return this.#running.server;
  }

  #ready(): Promise<Running> {
    if (this.#starting !== null) return this.#starting;
    const running = this.#running;
    const settings = this.options.readSettings();
    if (running !== null && sameLoad(running.settings, settings)) return Promise.resolve(running);
    this.#starting = this.#start(settings, running).finally(() => {
      this.#starting = null;
      this.options.onChange();
    });
    this.options.onChange();
    return this.#starting;
  }

  async #start(settings: Settings, before: Running | null): Promise<Running> {
    this.#cancelRestart();
    this.#running = null;
    this.#callOff = new AbortController();
    const { signal } = this.#callOff;
    try {
      if (this.#breaker.isOpen(this.#timers.nowMs())) throw this.#givenUp("It is not tried again.");
      // Its memory is counted as free for the plan of what follows.
      await before?.process.stop();
      await this.#findBeside(settings);
      const { problem } = this.#beside;
      if (problem !== undefined) throw new EngineError("INVALID_INPUT", problem);
      const { config, plan } = await this.options.planner.confirmedPlanFor(settings, signal);
      await this.options.freeOwnEngine();
      const running = await this.#launch(settings, config, plan, signal);
      this.#running = running;
      this.#error = null;
      void running.process.ended.then(() => this.#onEnded(running));
      return running;
    } catch (error) {
      this.#error = errorAnswer(error).body;
      throw error;
    }
  }

  async #launch(settings: Settings, config: LoadConfig, plan: Running["plan"], signal: AbortSignal): Promise<Running> {
    const { path, env, gpu, onLog, onChange } = this.options;
    const port = await freePort();
    const key = randomBytes(24).toString("base64url");
    const args = [...llamaServerFlags(config, this.#beside.files), "--host", HOST, "--port", String(port), "--metrics"];
    onLog("info", `llama-server ${args.join(" ")}`);
    const process = new ServerProcess({
      path,
      args,
      // The key is in the environment and not among the flags, which every account of the computer may read.
      env: { ...engineEnvironment(env, { gpu, build: "prebuilt", generation: 0 }), LLAMA_API_KEY: key },
      onLine: line => onLog("debug", `llama-server: ${line}`),
    });
    const address = `http://${HOST}:${port}`;
    try {
      await this.#untilHealthy(process, address, signal);
    } catch (error) {
      await process.stop();
      throw error;
    }
    const server = new AnsweringServer({
      engineId: LLAMA_SERVER_ID,
      name: "llama-server",
      address,
      key,
      kind: "llama-server",
      model: settings.MODEL,
      contextTokens: config.contextTokens,
      takesPictures: this.#beside.files.picturesPath !== undefined,
      onChange,
    });
    return { settings, config, plan, process, server };
  }

  /** llama-server answers 503 on /health while it loads. */
  async #untilHealthy(process: ServerProcess, address: string, signal: AbortSignal): Promise<void> {
    const server = { name: "llama-server", address, key: null };
    const deadlineMs = this.#timers.nowMs() + START_LIMIT_MS;
    while (!process.hasEnded && this.#timers.nowMs() < deadlineMs) {
      const health = await askServer(server, "/health", { silenceMs: 2_000 }).catch(() => null);
      await health?.body?.cancel();
      if (health !== null) return;
      await wait(ASK_AGAIN_MS);
      signal.throwIfAborted();
    }
    const said = process.lastLines.at(-1);
    throw new EngineError(
      "ENGINE_FAILED",
      process.hasEnded
        ? `llama-server ended before it answered${said === undefined ? "." : `: ${said}${adviceFor(said)}`}`
        : "llama-server did not get ready in time.",
    );
  }

  /** It ended by itself: start it again, unless that happened too often. */
  #onEnded(running: Running): void {
    if (this.#running !== running) return;
    this.#running = null;
    const delayMs = this.#breaker.recordCrash(this.#timers.nowMs());
    const said = running.process.lastLines.at(-1) ?? "it said nothing";
    this.options.onLog("error", `llama-server ended: ${said}`);
    if (delayMs === null) {
      this.#error = errorAnswer(this.#givenUp(said)).body;
    } else {
      this.#restarts += 1;
      this.#cancelRestart = this.#timers.after(delayMs, () => void this.ensureReady().catch(() => {}));
    }
    this.options.onChange();
  }

  #givenUp(lastReason: string): EngineFailedError {
    return new EngineFailedError(engineLimits.crashes, engineLimits.windowMs, lastReason);
  }
}

type LlamaServerSnapshot = AnsweringSnapshot & Pick<EngineSnapshot, "config" | "totalLayers" | "held" | "restarts">;

/** What the files beside a model and their bytes depend on. */
const keyOf = ({ MODEL, N_CTX, DRAFT_MODEL, SPECULATION, PARALLEL, N_BATCH, FLASH_ATTENTION }: Settings): string =>
  JSON.stringify([MODEL, N_CTX, DRAFT_MODEL, SPECULATION === "off", PARALLEL, N_BATCH, FLASH_ATTENTION]);
