import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type CommandAnswer,
  type CommandName,
  commandNames,
  type EngineCommand,
  type EngineMessage,
  isAnswerTo,
  messageEnvelopeSchema,
  type Sampling,
} from "@/lib/schema/engine-commands";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { greedySampling } from "@/lib/schema/settings/sampling";

const projectRoot = fileURLToPath(new URL("../../..", import.meta.url));
export const defaultModelPath = `${projectRoot}models/SmolLM2-135M-Instruct.Q4_1.gguf`;

type MessageOf<Type extends EngineMessage["type"]> = Extract<EngineMessage, { type: Type }>;
type WithoutId<Command> = Command extends { id: string } ? Omit<Command, "id"> : never;
/** The message that ends a command. */
type LastMessage = CommandAnswer<CommandName> | MessageOf<"error">;

const GENERATION = 3;

/** The real engine in its own process, with the supervisor's protocol but without its timeouts and restarts. */
export class ForkedEngine {
  readonly ready: Promise<MessageOf<"ready">>;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly heartbeats: MessageOf<"heartbeat">[] = [];
  stdout = "";
  readonly #process: ChildProcess;
  readonly #ends = new Map<string, (message: LastMessage) => void>();
  readonly #watchers = new Map<string, (message: EngineMessage) => void>();
  #count = 0;

  constructor(env: Record<string, string>) {
    this.#process = fork(`${projectRoot}dist/engine.mjs`, [], {
      execArgv: [],
      stdio: ["ignore", "pipe", "ignore", "ipc"],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: "1",
        HEADROOM_ENGINE_GENERATION: String(GENERATION),
        ...env,
      },
    });
    this.#process.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.exited = new Promise(resolve => this.#process.on("exit", (code, signal) => resolve({ code, signal })));
    this.ready = new Promise(resolve =>
      this.#process.on("message", (raw: unknown) => {
        for (const message of messageEnvelopeSchema.parse(raw).messages)
          if (message.type === "ready") resolve(message);
          else if (message.type === "heartbeat") this.heartbeats.push(message);
          else if (message.type !== "log" && message.type !== "placement") this.#receive(message);
      }),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** On the CPU, with the default model loaded. */
  static async onCpu(): Promise<ForkedEngine> {
    const engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await engine.ready;
    await engine.askFor("loaded", { type: "load", config: cpuConfig });
    return engine;
  }

  /** Resolves with the message that ends the command. `watch` gets every message as it arrives. */
  ask(
    command: WithoutId<EngineCommand>,
    watch: (message: EngineMessage, id: string) => void = () => {},
  ): Promise<LastMessage> {
    this.#count += 1;
    const id = `command-${this.#count}`;
    this.#watchers.set(id, message => watch(message, id));
    const end = new Promise<LastMessage>(resolve => this.#ends.set(id, resolve));
    this.#send({ ...command, id } as EngineCommand);
    return end;
  }

  async askFor<Type extends LastMessage["type"]>(
    type: Type,
    command: WithoutId<EngineCommand>,
    watch?: (message: EngineMessage, id: string) => void,
  ): Promise<MessageOf<Type>> {
    const message = await this.ask(command, watch);
    if (message.type !== type) throw new Error(`Expected ${type}, got ${JSON.stringify(message)}`);
    return message as MessageOf<Type>;
  }

  cancel(target: string): void {
    this.#send({ type: "cancel", id: `cancel-${target}`, target });
  }

  disconnect(): void {
    this.#process.disconnect();
  }

  async end(): Promise<void> {
    this.#process.kill("SIGTERM");
    const kill = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await this.exited;
    clearTimeout(kill);
  }

  #send(command: EngineCommand): void {
    this.#process.send({ generation: GENERATION, command });
  }

  #receive(message: Exclude<EngineMessage, MessageOf<"ready" | "heartbeat" | "log" | "placement">>): void {
    this.#watchers.get(message.id)?.(message);
    const isLast = message.type === "error" || commandNames.some(name => isAnswerTo(name, message));
    if (isLast) this.#ends.get(message.id)?.(message as LastMessage);
  }
}

export const cpuConfig: LoadConfig = {
  modelPath: defaultModelPath,
  gpuLayers: 0,
  contextTokens: 1024,
  batchTokens: 256,
  sequences: 1,
  kvType: "f16",
  flashAttention: "auto",
  // Threads wait for each other by spinning (free-cores.ts), and other tests use the other core.
  threads: 1,
  useMmap: true,
};

export const greedy: Sampling = {
  ...greedySampling,
  maxTokens: 24,
};
