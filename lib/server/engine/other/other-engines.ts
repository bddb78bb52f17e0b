import { randomUUID } from "node:crypto";
import {
  type EngineChoice,
  type EngineFound,
  type EngineInput,
  LLAMA_SERVER_ID,
  type OtherEngine,
} from "@/lib/schema/engines/other-engine";
import { errorAnswer } from "@/lib/server/system/error-table";
import { Listeners } from "@/lib/server/system/listeners";
import { RequestError } from "@/lib/server/system/request-error";
import { systemTimers } from "@/lib/server/system/timers";
import { AnsweringServer } from "./answering-server";
import { describeServer } from "./describe-server";
import { EngineFile, type KeptEngine, type KeptEngines } from "./engine-file";
import { findLlamaServer, requireLlamaServer } from "./llama-server-program";
import { parseServerAddress } from "./server-address";

const MAX_ENGINES = 32;
/** How often the answering server is asked for its state, while a page shows it. */
const READ_INTERVAL_MS = 2_000;

interface OtherEnginesOptions {
  readonly path: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Listed {
  readonly engines: OtherEngine[];
  readonly chosen: EngineChoice | null;
  readonly llamaServerPath: string | null;
}

/** The engines that the user added (servers with OpenAI's API), and which of their models answers, if one does. */
export class OtherEngines {
  readonly #file: EngineFile;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #listeners = new Listeners(() => {
    void this.#readLoad();
    return () => this.#cancelReading();
  });
  #kept: KeptEngines;
  #answering: AnsweringServer | null;
  #cancelReading = (): void => {};

  constructor({ path, env = {} }: OtherEnginesOptions) {
    this.#file = new EngineFile(path);
    this.#env = env;
    this.#kept = this.#file.read();
    this.#answering = this.#answeringOf(this.#kept);
  }

  /** What answers; null while that is the engine of this process. */
  get answering(): AnsweringServer | null {
    return this.#answering;
  }

  /** The program to start, while it is the chosen engine; null while something else answers. */
  get chosenProgram(): string | null {
    return this.#kept.chosen?.engineId === LLAMA_SERVER_ID ? this.#llamaServerPath : null;
  }

  get #llamaServerPath(): string | null {
    return this.#kept.llamaServerPath ?? findLlamaServer(this.#env);
  }

  /** @throws RequestError INVALID_INPUT; null takes the one on PATH */
  setLlamaServer(path: string | null): void {
    this.#save({ ...this.#kept, llamaServerPath: path === null ? null : requireLlamaServer(path) });
  }

  /** Asks each server for its models. One that does not answer is listed with the reason. */
  async list(signal?: AbortSignal): Promise<Listed> {
    const { engines, chosen } = this.#kept;
    const listed = await Promise.all(engines.map(engine => this.#listed(engine, signal)));
    return {
      engines: listed,
      chosen: chosen && { engineId: chosen.engineId, model: chosen.model },
      llamaServerPath: this.#llamaServerPath,
    };
  }

  /** What a server is, without keeping it. @throws RequestError, OtherEngineError */
  async test(input: EngineInput, signal?: AbortSignal): Promise<EngineFound> {
    return describeServer(serverOf(input), signal);
  }

  /** @throws RequestError, OtherEngineError when it does not answer: a typing error is found at once */
  async add(input: EngineInput, signal?: AbortSignal): Promise<void> {
    const { engines } = this.#kept;
    const server = serverOf(input);
    if (engines.some(({ address }) => address === server.address))
      throw new RequestError("INVALID_INPUT", `${server.address} is in the list already.`);
    if (engines.length >= MAX_ENGINES)
      throw new RequestError("INVALID_INPUT", `There are ${MAX_ENGINES} engines already: remove one first.`);
    const { kind } = await describeServer(server, signal);
    const engine = { ...server, id: randomUUID(), contextTokens: input.contextTokens ?? null, kind };
    this.#save({ ...this.#kept, engines: [...this.#kept.engines, engine] });
  }

  /** @throws RequestError NOT_FOUND */
  change(id: string, { name, key, contextTokens }: Omit<EngineInput, "address">): void {
    const before = this.#find(id);
    const after: KeptEngine = {
      ...before,
      ...(name !== undefined && name !== "" && { name }),
      ...(key !== undefined && { key: key === "" ? null : key }),
      ...(contextTokens !== undefined && { contextTokens }),
    };
    const { engines, chosen } = this.#kept;
    const isChosen = chosen?.engineId === id;
    this.#save({
      ...this.#kept,
      engines: engines.map(engine => (engine.id === id ? after : engine)),
      chosen: isChosen && contextTokens !== undefined ? { ...chosen, contextTokens } : chosen,
    });
  }

  /** @throws RequestError NOT_FOUND */
  remove(id: string): void {
    this.#find(id);
    const { engines, chosen } = this.#kept;
    this.#save({
      ...this.#kept,
      engines: engines.filter(engine => engine.id !== id),
      chosen: chosen?.engineId === id ? null : chosen,
    });
  }

  /** @throws RequestError, OtherEngineError for a model that the server does not have, or whose context nobody knows */
  async choose(choice: EngineChoice | null, signal?: AbortSignal): Promise<void> {
    if (choice === null) return this.#save({ ...this.#kept, chosen: null });
    if (choice.engineId === LLAMA_SERVER_ID) return this.#chooseProgram(choice);
    const engine = this.#find(choice.engineId);
    const { models } = await describeServer(engine, signal);
    const model = models.find(({ id }) => id === choice.model);
    if (model === undefined)
      throw new RequestError("MODEL_NOT_FOUND", `${engine.name} does not have ${choice.model} any more.`);
    const contextTokens = model.contextTokens ?? engine.contextTokens;
    if (contextTokens === null)
      throw new RequestError(
        "INVALID_INPUT",
        `${engine.name} does not say how many tokens of context ${choice.model} has: enter it under Models, Engines.`,
      );
    this.#save({ ...this.#kept, chosen: { ...choice, contextTokens, takesPictures: model.takesPictures } });
  }

  /** Reports changes of what answers. While anyone listens, the answering server is asked for its state. */
  readonly subscribe = this.#listeners.subscribe;

  /** Reports changes of the list and of the choice. */
  readonly saved = new Listeners();

  /** Its plan says how much context there is, when it starts. */
  #chooseProgram(choice: EngineChoice): void {
    if (this.#llamaServerPath === null)
      throw new RequestError("NOT_FOUND", "There is no llama-server on PATH: give its path under Models, Engines.");
    this.#save({ ...this.#kept, chosen: { ...choice, contextTokens: 0, takesPictures: false } });
  }

  async #listed(engine: KeptEngine, signal: AbortSignal | undefined): Promise<OtherEngine> {
    const { id, name, address, key, contextTokens } = engine;
    const shown = { id, name, address, hasKey: key !== null, contextTokens };
    try {
      return { ...shown, ...(await describeServer(engine, signal)), problem: null };
    } catch (error) {
      return { ...shown, kind: engine.kind, models: [], problem: errorAnswer(error).body };
    }
  }

  #find(id: string): KeptEngine {
    const engine = this.#kept.engines.find(kept => kept.id === id);
    if (engine === undefined) throw new RequestError("NOT_FOUND", "This engine is no longer in the list.");
    return engine;
  }

  #save(kept: KeptEngines): void {
    this.#file.write(kept);
    this.#kept = kept;
    this.#answering = this.#answeringOf(kept);
    this.saved.notify();
    this.#listeners.notify();
    if (!this.#listeners.isEmpty) void this.#readLoad();
  }

  #answeringOf({ engines, chosen }: KeptEngines): AnsweringServer | null {
    const engine = engines.find(({ id }) => id === chosen?.engineId);
    if (engine === undefined || chosen === null) return null;
    const { model, contextTokens, takesPictures } = chosen;
    return new AnsweringServer({
      ...engine,
      engineId: engine.id,
      model,
      contextTokens,
      takesPictures,
      onChange: this.#listeners.notify,
    });
  }

  async #readLoad(): Promise<void> {
    this.#cancelReading();
    const answering = this.#answering;
    await answering?.refresh();
    // Another server was chosen while this one was read.
    if (answering !== this.#answering || this.#listeners.isEmpty || answering === null) return;
    this.#cancelReading();
    this.#cancelReading = systemTimers.after(READ_INTERVAL_MS, () => void this.#readLoad());
  }
}

/** @throws RequestError INVALID_INPUT */
function serverOf({ address: typed, name, key }: EngineInput) {
  const address = parseServerAddress(typed);
  return { address, name: name || new URL(address).host, key: key || null };
}
