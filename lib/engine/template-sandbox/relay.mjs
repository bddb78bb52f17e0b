import { spawn } from "node:child_process";
import { deserialize, serialize } from "node:v8";
import { workerData } from "node:worker_threads";

/**
 * A thread between the engine, which waits without its event loop, and the process that renders. It starts that process, ends it
 * when a rendering takes too long, and says what became of it. Messages are their length and a serialized value: Node's own channel
 * to a child takes three times as long, and the choice of a format renders thousands of times.
 */
const { rendererPath, rendererHeapMib, port, bell } = workerData;
const HEAD_BYTES = 4;

let renderer = null;
let current = null;

function answer(reply) {
  const id = current?.id;
  clearTimeout(current?.timer);
  current = null;
  port.postMessage({ ...reply, id });
  Atomics.store(bell, 0, 1);
  Atomics.notify(bell, 0);
}

function end() {
  renderer?.process.kill("SIGKILL");
  renderer = null;
}

function start() {
  const args = [`--max-old-space-size=${rendererHeapMib}`, rendererPath];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
  const started = { process: child, isReady: false, received: [] };
  const gone = why => {
    if (renderer !== started) return;
    renderer = null;
    if (current !== null) answer(why);
  };
  child.on("error", error => gone({ kind: "failed", message: error.message }));
  child.on("exit", () => gone({ kind: "died" }));
  // Its end is told by "exit".
  child.stdin.on("error", () => {});
  child.stdout.on("data", piece => {
    started.received.push(piece);
    const bytes = started.received.length === 1 ? piece : Buffer.concat(started.received);
    started.received = [bytes];
    if (bytes.length < HEAD_BYTES || bytes.length < HEAD_BYTES + bytes.readUInt32LE(0)) return;
    started.received = [];
    receive(started, deserialize(bytes.subarray(HEAD_BYTES)));
  });
  return started;
}

function receive(from, reply) {
  if (reply.kind === "ready") from.isReady = true;
  if (renderer !== from || current === null) return;
  if (reply.kind === "ready") ask();
  else answer(reply);
}

/** The time counts from here, and not from the start of the process. */
function ask() {
  const { limitMs, request } = current;
  current.timer = setTimeout(() => {
    end();
    answer({ kind: "too-long" });
  }, limitMs);
  const body = serialize(request);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  renderer.process.stdin.write(Buffer.concat([head, body]));
}

port.on("message", ({ type, id, limitMs, request }) => {
  // Nobody waits any more for what is being rendered.
  if (current !== null) {
    clearTimeout(current.timer);
    current = null;
    end();
  }
  if (type === "stop") return end();
  renderer ??= start();
  if (type !== "render") return;
  current = { id, limitMs, request };
  if (renderer.isReady) ask();
});
