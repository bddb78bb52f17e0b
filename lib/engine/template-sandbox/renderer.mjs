import { readSync, writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { isMainThread, Worker } from "node:worker_threads";
import { Template } from "@huggingface/jinja";

/** Renders chat templates and does nothing else: a template that takes all memory ends this process, and no other one. */
const KEPT_TEMPLATES = 8;
const WATCH_MS = 1000;
const HEAD_BYTES = 4;
const STDIN = 0;
const STDOUT = 1;

const templates = new Map();

function templateOf(source) {
  const known = templates.get(source);
  if (known !== undefined) return known;
  if (templates.size >= KEPT_TEMPLATES) templates.clear();
  const template = new Template(source);
  templates.set(source, template);
  return template;
}

function rendered({ source, items, maxCharacters }) {
  try {
    const text = templateOf(source).render(items);
    return text.length > maxCharacters ? { kind: "too-much-text", characters: text.length } : { kind: "text", text };
  } catch (error) {
    return { kind: "threw", message: String(error?.message ?? error).slice(0, 1000) };
  }
}

function read(byteCount) {
  const bytes = Buffer.allocUnsafe(byteCount);
  for (let done = 0; done < byteCount; ) {
    const count = readSync(STDIN, bytes, done, byteCount - done, null);
    // The engine is gone.
    if (count === 0) process.exit();
    done += count;
  }
  return bytes;
}

function write(value) {
  const body = serialize(value);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  const bytes = Buffer.concat([head, body]);
  for (let done = 0; done < bytes.length; ) done += writeSync(STDOUT, bytes, done);
}

function serve() {
  new Worker(new URL(import.meta.url));
  write({ kind: "ready" });
  for (;;) write(rendered(deserialize(read(read(HEAD_BYTES).readUInt32LE(0)))));
}

/** The relay ends this process when a rendering takes too long. If the engine was killed meanwhile, this thread does. */
function watchEngine() {
  const engine = process.ppid;
  setInterval(() => {
    try {
      process.kill(engine, 0);
    } catch {
      process.kill(process.pid, "SIGKILL");
    }
  }, WATCH_MS);
}

if (isMainThread) serve();
else watchEngine();
