import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { MIB } from "@/lib/units/bytes";
import { TimeLimitError } from "../time-limit";

/** Ten times what the longest conversation of the tests needs. */
const RENDERER_HEAP_MIB = 256;
/** One rendering of a conversation. */
export const RENDER_LIMIT_MS = 2000;
/** Node starts in 50 ms; on a computer that is busy with everything else, in seconds. */
const START_LIMIT_MS = 10_000;
/** The longest template of the models that we know has 30,000 characters. */
const MAX_SOURCE_CHARACTERS = MIB;
/** The conversation's texts are short names in it, so only a template that writes without need reaches this. */
const MAX_TEXT_CHARACTERS = 4 * MIB;

export class TemplateSandboxError extends Error {
  override readonly name = "TemplateSandboxError";
}

type Reply =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "threw" | "failed"; readonly message: string }
  | { readonly kind: "too-much-text"; readonly characters: number }
  | { readonly kind: "too-long" | "died" };

/**
 * Renders Jinja templates in a process of their own. A template is a program from a downloaded file: one that makes a list of 10^11
 * numbers takes all memory of its process, and V8 then ends that process, which nothing inside of it can prevent. A thread with a
 * limit of its own does not help, because a long text made by V8's own code ends all threads.
 *
 * The caller waits, because node-llama-cpp renders in the middle of synchronous code.
 */
class TemplateSandbox {
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  #port: MessagePort | null = null;
  #count = 0;

  /** Starts the process in good time, so that the first rendering need not wait for it. */
  start(): void {
    this.#relay().postMessage({ type: "start" });
  }

  /** Ends the process, until something is rendered again. */
  stop(): void {
    this.#port?.postMessage({ type: "stop" });
  }

  /** @throws TimeLimitError, TemplateSandboxError, and an Error with the template's own message */
  render(source: string, items: Readonly<Record<string, unknown>>): string {
    if (source.length > MAX_SOURCE_CHARACTERS)
      throw new TemplateSandboxError(
        `it has ${source.length} characters, and at most ${MAX_SOURCE_CHARACTERS} are read`,
      );
    this.#count += 1;
    const id = this.#count;
    Atomics.store(this.#bell, 0, 0);
    const port = this.#relay();
    const request = { source, items, maxCharacters: MAX_TEXT_CHARACTERS };
    port.postMessage({ type: "render", id, limitMs: RENDER_LIMIT_MS, request });
    return textOf(this.#replyTo(port, id));
  }

  #replyTo(port: MessagePort, id: number): Reply {
    const endsMs = performance.now() + START_LIMIT_MS + RENDER_LIMIT_MS;
    for (;;) {
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
        if (got.message.id === id) return got.message;
      const restMs = endsMs - performance.now();
      if (restMs <= 0) return { kind: "too-long" };
      Atomics.wait(this.#bell, 0, 0, restMs);
      Atomics.store(this.#bell, 0, 0);
    }
  }

  #relay(): MessagePort {
    if (this.#port !== null) return this.#port;
    const { port1, port2 } = new MessageChannel();
    const workerData = {
      rendererPath: pathOf("renderer.mjs"),
      rendererHeapMib: RENDERER_HEAP_MIB,
      port: port2,
      bell: this.#bell,
    };
    const worker = new Worker(pathOf("relay.mjs"), { workerData, transferList: [port2], execArgv: [] });
    worker.unref();
    port1.unref();
    worker.on("error", () => {
      this.#port = null;
    });
    this.#port = port1;
    return port1;
  }
}

/** One for all models: one template is rendered at a time. */
export const templateSandbox = new TemplateSandbox();

/** Beside this file; bundled, in a folder beside the engine, which may itself be a chunk one folder below. */
function pathOf(name: string): string {
  const places = [".", "./template-sandbox", "../template-sandbox"];
  const paths = places.map(place => fileURLToPath(new URL(`${place}/${name}`, import.meta.url)));
  const path = paths.find(path => existsSync(path));
  if (path === undefined) throw new TemplateSandboxError(`${name} is missing: run "npm run build" again`);
  return path;
}

function textOf(reply: Reply): string {
  switch (reply.kind) {
    case "text":
      return reply.text;
    case "threw":
      throw new Error(reply.message);
    case "failed":
      throw new TemplateSandboxError(`the process that renders it does not start: ${reply.message}`);
    case "too-much-text":
      throw new TemplateSandboxError(
        `it writes ${reply.characters} characters where at most ${MAX_TEXT_CHARACTERS} are read`,
      );
    case "too-long":
      throw new TimeLimitError(RENDER_LIMIT_MS);
    case "died":
      throw new TemplateSandboxError(`it needs more than ${RENDERER_HEAP_MIB} MiB of memory`);
  }
}
