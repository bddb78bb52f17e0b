import { memoryNeed } from "@/lib/plan/memory/memory-need";
import {
  type CommandParams,
  commandEnvelopeSchema,
  type EngineCommand,
  type EngineMessage,
  type Vram,
} from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { ToolUse } from "@/lib/schema/tools";
import type { Timers } from "@/lib/server/system/timers";
import { MIB } from "@/lib/units/bytes";

/** What a fake engine does on one command instead of answering properly. */
export type FakeStep =
  | { readonly do: "answer"; readonly afterMs?: number }
  /** Ends its own process. */
  | { readonly do: "crash"; readonly signal: NodeJS.Signals }
  | { readonly do: "exit"; readonly code: number }
  /** Blocks its event loop: no heartbeat, no answer to SIGTERM. */
  | { readonly do: "hang" }
  /** Stays alive and never answers, not even to a cancel. */
  | { readonly do: "ignore" }
  | { readonly do: "garbage"; readonly messages: readonly unknown[] }
  | { readonly do: "flood"; readonly bytes: number }
  | { readonly do: "out-of-memory"; readonly fitsLayers: number; readonly bytesPerLayer: number }
  | ({ readonly do: "fail" } & Omit<Extract<EngineMessage, { type: "error" }>, "type" | "id">);

export interface FakeScript {
  readonly heartbeatMs?: number;
  readonly startMs?: number;
  readonly backend?: EngineInfo["backend"];
  /** "Fake GPU" without it. */
  readonly devices?: readonly string[];
  readonly placement?: EngineInfo["placement"];
  readonly vram?: Vram;
  /** Time for each command, and for each piece of an answer. */
  readonly stepMs?: number;
  readonly words?: readonly string[];
  /** The memory of dry runs and loads; without it, 10 MiB a layer. */
  readonly truth?: MemorySurface;
  /** The steps of one type of command in order; the last one repeats. Each child starts over unless it is named by generation. */
  readonly on?: Partial<Record<EngineCommand["type"], readonly FakeStep[]>>;
  readonly onGeneration?: Readonly<Record<number, Partial<Record<EngineCommand["type"], readonly FakeStep[]>>>>;
}

/** The surroundings of a fake engine: a real process, or a test. */
export interface FakeSurroundings {
  readonly generation: number;
  readonly gpu: string;
  readonly timers: Timers;
  send(message: unknown): void;
  end(how: { readonly signal: NodeJS.Signals } | { readonly code: number }): void;
  hang(): void;
  print(text: string): void;
}

/** The commands that the engine takes while it is busy. */
const BESIDE_OTHERS: ReadonlySet<string> = new Set(["vram", "count", "tokenize", "detokenize", "render", "describe"]);

const WEIGHTS_BYTES_PER_LAYER = 10 * MIB;

/** Speaks the engine's messages without an engine: it answers with computed values, or misbehaves as its script says. */
export class FakeEngine {
  /** Violations of the protocol by the other side: more answers than sequences at once, or any other command beside another. */
  readonly breaches: string[] = [];
  readonly received: EngineCommand[] = [];
  loaded: LoadConfig | null = null;
  readonly #busyWith = new Map<string, EngineCommand>();
  #cancelled = new Set<string>();
  #counts = new Map<EngineCommand["type"], number>();
  #dead = false;

  constructor(
    private readonly script: FakeScript,
    private readonly world: FakeSurroundings,
  ) {
    this.#beat();
    this.#later(script.startMs ?? 1, () => this.#send(this.#ready()));
  }

  get busy(): boolean {
    return this.#busyWith.size > 0;
  }

  /** The process is gone: nothing is sent any more. */
  die(): void {
    this.#dead = true;
    this.loaded = null;
  }

  receive(raw: unknown): void {
    const { command } = commandEnvelopeSchema.parse(raw);
    this.received.push(command);
    if (command.type === "cancel") this.#cancelled.add(command.target);
    else if (BESIDE_OTHERS.has(command.type)) this.#answer(command);
    else if (command.type === "fill-surface") this.#perform(command, this.#nextStep(command.type));
    else this.#begin(command);
  }

  #begin(command: EngineCommand): void {
    const others = [...this.#busyWith.values()];
    const isBeside = [command, ...others].every(isAnswer) && others.length < (this.loaded?.sequences ?? 1);
    if (others.length > 0 && !isBeside)
      this.breaches.push(`${command.type} while busy with ${others.map(({ type }) => type)}`);
    this.#busyWith.set(command.id, command);
    this.#perform(command, this.#nextStep(command.type));
  }

  #perform(command: EngineCommand, step: FakeStep): void {
    switch (step.do) {
      case "answer":
        this.#later(step.afterMs ?? this.script.stepMs ?? 1, () => this.#answer(command));
        break;
      case "crash":
        this.world.end({ signal: step.signal });
        break;
      case "exit":
        this.world.end({ code: step.code });
        break;
      case "hang":
        this.die();
        this.world.hang();
        break;
      case "ignore":
        break;
      case "garbage":
        for (const message of step.messages) this.world.send(message);
        this.#answer(command);
        break;
      case "flood":
        this.world.print("x".repeat(step.bytes));
        this.#answer(command);
        break;
      case "out-of-memory":
        this.#loadUpTo(command, step);
        break;
      case "fail":
        this.#done({ ...failureOf(step), id: command.id });
    }
  }

  #loadUpTo(command: EngineCommand, step: Extract<FakeStep, { do: "out-of-memory" }>): void {
    const tooMany = command.type === "load" ? command.config.gpuLayers - step.fitsLayers : 0;
    if (tooMany <= 0) this.#answer(command);
    else
      this.#done({
        type: "error",
        id: command.id,
        code: "OUT_OF_MEMORY",
        message: `unable to allocate buffer, ${tooMany} layers too many.`,
        deficitBytes: tooMany * step.bytesPerLayer,
      });
  }

  #answer(command: EngineCommand): void {
    const { id } = command;
    if (this.#cancelled.has(id) && !isAnswer(command)) {
      this.#done({ type: "error", id, code: "CANCELLED", message: "Cancelled." });
      return;
    }
    switch (command.type) {
      case "load":
        this.#load(id, command.config);
        break;
      case "dry-run":
        this.#done({ type: "dry-run", id, buffers: this.#buffersOf(command.config) });
        break;
      case "fill-surface":
        this.#done({ type: "surface", id, surface: this.#filled(command.surface), dryRuns: 1, elapsedMs: 1 });
        break;
      case "generate":
        if (command.toolUse !== undefined && command.toolUse.choice !== "auto") this.#call(id, command.toolUse);
        else this.#speak(id, [...(this.script.words ?? ["Hello", " world"])], 0);
        break;
      case "complete":
        this.#speak(id, [...(this.script.words ?? ["Hello", " world"])], 0);
        break;
      case "count":
        this.#send({
          type: "counted",
          id,
          tokensPerTurn: command.turns.map(() => 3),
          totalTokens: 3 + (command.toolUse?.tools.length ?? 0),
        });
        break;
      case "tokenize":
        this.#send({ type: "tokenized", id, ...charactersOf(command) });
        break;
      case "detokenize":
        this.#send({ type: "detokenized", id, text: String.fromCodePoint(...command.tokens) });
        break;
      case "render":
        this.#send({
          type: "rendered",
          id,
          prompt: [
            ...(command.toolUse?.tools ?? []).map(({ name }) => `<tool>${name}`),
            ...command.turns.map(({ role, content }) => `<${role}>${content}`),
          ].join(""),
        });
        break;
      case "describe":
        this.#send({
          type: "described",
          id,
          chatTemplate: "{{ messages }}",
          bosText: "<s>",
          eosText: "</s>",
          canInfill: false,
        });
        break;
      case "embed":
        this.#done({
          type: "embedded",
          id,
          vectors: command.inputs.map(input => (input.length % 2 === 0 ? [1, 0] : [0, 1])),
          tokensPerInput: command.inputs.map(input => input.length),
          memory: { weightsBytes: MIB, kvBytes: 0, computeBytes: MIB },
        });
        break;
      case "vram":
        this.#send({ type: "vram", id, vram: this.script.vram ?? null });
    }
  }

  #load(id: string, config: LoadConfig): void {
    this.#send({ type: "progress", id, phase: "weights", fraction: 0.5 });
    this.loaded = config;
    this.#done({
      type: "loaded",
      id,
      config,
      buffers: this.#buffersOf(config),
      split: { gpuKvBytes: null, gpuComputeBytes: null, ramKvBytes: null, ramComputeBytes: null },
      reused: "nothing",
      elapsedMs: 1,
      vramBefore: null,
      vramAfter: null,
      flashAttentionActive: null,
      templateWarning: null,
    });
  }

  #speak(id: string, words: string[], spoken: number): void {
    const word = this.#cancelled.has(id) ? undefined : words.shift();
    if (this.loaded === null) this.#done({ type: "error", id, code: "ENGINE_FAILED", message: "No model is loaded." });
    else if (word === undefined) this.#finish(id, spoken);
    else {
      this.#send({ type: "text", id, text: word, tokens: 1, thought: false });
      this.#later(this.script.stepMs ?? 1, () => this.#speak(id, words, spoken + 1));
    }
  }

  /** Calls the named tool, or all of them where that is allowed, each with arguments in two pieces. */
  #call(id: string, { tools, choice, parallel }: ToolUse): void {
    const named = typeof choice === "string" ? tools : tools.filter(tool => tool.name === choice.name);
    const called = parallel ? named : named.slice(0, 1);
    for (const [index, { name }] of called.entries())
      for (const piece of ["", '{"city":', ' "Paris"}'])
        this.#send({ type: "tool-call", id, index, callId: `call_${index}`, name, arguments: piece });
    this.#finish(id, called.length);
  }

  #finish(id: string, generatedTokens: number): void {
    this.#done({
      type: "finished",
      id,
      reason: this.#cancelled.has(id) ? "cancelled" : "stop",
      stats: {
        promptTokens: 3,
        cachedTokens: 0,
        generatedTokens,
        timeToFirstTokenMs: 1,
        tokensPerSecond: 0,
        prefillTokensPerSecond: 0,
        totalMs: 1,
      },
    });
  }

  #filled(surface: MemorySurface): MemorySurface {
    const { confirmed } = surface;
    const truth = this.script.truth ?? surface;
    return { ...truth, computeSource: "dry-run", detail: "fine", ...(confirmed && { confirmed }) };
  }

  #buffersOf(config: LoadConfig): Buffers {
    if (this.script.truth === undefined) return plainBuffers(config);
    const { gpu, ram } = memoryNeed(this.script.truth, config);
    return {
      gpuWeightsBytes: gpu.weightsBytes,
      gpuContextBytes: gpu.kvBytes + gpu.computeBytes,
      ramWeightsBytes: ram.weightsBytes,
      ramContextBytes: ram.kvBytes + ram.computeBytes,
    };
  }

  #nextStep(type: EngineCommand["type"]): FakeStep {
    const steps = (this.script.onGeneration?.[this.world.generation] ?? this.script.on)?.[type] ?? [];
    const count = this.#counts.get(type) ?? 0;
    this.#counts.set(type, count + 1);
    return steps[Math.min(count, steps.length - 1)] ?? { do: "answer" };
  }

  #done(message: Extract<EngineMessage, { id: string }>): void {
    this.#busyWith.delete(message.id);
    this.#send(message);
  }

  #send(message: EngineMessage): void {
    if (!this.#dead) this.world.send({ generation: this.world.generation, messages: [message] });
  }

  #later(delayMs: number, run: () => void): void {
    this.world.timers.after(delayMs, () => {
      if (!this.#dead) run();
    });
  }

  #beat(): void {
    this.#later(this.script.heartbeatMs ?? 1000, () => {
      this.#send({ type: "heartbeat", busyWith: this.#busyWith.keys().next().value ?? null });
      this.#beat();
    });
  }

  #ready(): EngineMessage {
    const backend = this.world.gpu === "off" ? "none" : (this.script.backend ?? "none");
    const info: EngineInfo = {
      backend,
      gpuUsable: backend !== "none",
      devices: backend === "none" ? [] : [...(this.script.devices ?? ["Fake GPU"])],
      llamaCppRelease: "fake",
      nodeLlamaCppVersion: "fake",
      buildType: "prebuilt",
      mathCores: 2,
      gpuProblem: null,
      placement: this.script.placement ?? { kind: "missing", reason: "This engine is a fake." },
    };
    return { type: "ready", info, vram: backend === "none" ? null : (this.script.vram ?? null) };
  }
}

const isAnswer = ({ type }: EngineCommand): boolean => type === "generate" || type === "complete";

const failureOf = ({ do: _do, ...failure }: Extract<FakeStep, { do: "fail" }>) => ({
  type: "error" as const,
  ...failure,
});

/** 10 MiB of weights a layer, and one byte of context a token and layer. */
const plainBuffers = (config: LoadConfig): Buffers => ({
  gpuWeightsBytes: config.gpuLayers * WEIGHTS_BYTES_PER_LAYER,
  gpuContextBytes: config.gpuLayers * config.contextTokens,
  ramWeightsBytes: WEIGHTS_BYTES_PER_LAYER,
  ramContextBytes: config.contextTokens,
});

/** A token is a character here, and its number is that of Unicode. */
function charactersOf({ parts, withPieces }: CommandParams<"tokenize">) {
  const tokens = parts.flatMap(part =>
    typeof part === "number" ? [part] : Array.from(part, letter => letter.codePointAt(0) ?? 0),
  );
  return { tokens, pieces: withPieces ? tokens.map(token => String.fromCodePoint(token)) : null };
}
