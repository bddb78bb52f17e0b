import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A program that behaves as llama-server: takes --port and the key from its environment, loads for a moment, answers with its own flags.
 * Asked to "crash", it ends.
 */
const SOURCE = `
import { createServer } from "node:http";
const flags = process.argv.slice(2);
if (flags.includes("/old.gguf")) { console.error("error: invalid argument: --cache-ram"); process.exit(1); }
if (flags.includes("/broken.gguf")) { console.error("failed to load model"); process.exit(1); }
const startedAtMs = Date.now();
const say = value => "data: " + JSON.stringify(value) + "\\n\\n";
createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  const json = (status, value) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (request.url === "/health")
    return Date.now() - startedAtMs < 200 ? json(503, { error: { message: "Loading model" } }) : json(200, { status: "ok" });
  if (request.headers.authorization !== "Bearer " + process.env.LLAMA_API_KEY) return json(401, { error: { message: "Invalid API Key" } });
  if (request.url === "/slots") return json(200, [{ id: 0, is_processing: false }]);
  if (request.url !== "/v1/chat/completions") return json(404, { error: { message: "File Not Found" } });
  if (text.includes("crash")) process.exit(3);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(say({ choices: [{ delta: { content: flags.join(" ") }, finish_reason: null }] }));
  response.end(say({ choices: [{ delta: {}, finish_reason: "stop" }] }) + "data: [DONE]\\n\\n");
}).listen(Number(flags[flags.indexOf("--port") + 1]), "127.0.0.1");
`;

/** @returns the program's path */
export function standInLlamaServer(): string {
  const folder = mkdtempSync(join(tmpdir(), "headroom-llama-server-"));
  writeFileSync(join(folder, "server.mjs"), SOURCE);
  return program(folder, `#!/bin/sh\nexec "${process.execPath}" "${join(folder, "server.mjs")}" "$@"\n`);
}

/** The real one, of the Python package xllamacpp, with the flags that it takes on a processor. */
const REAL = `
import os, sys, time, xllamacpp as x
f = sys.argv[1:]
def flag(name): return f[f.index(name) + 1]
p = x.CommonParams()
p.model.path = flag("-m"); p.port = int(flag("--port")); p.hostnames = ["127.0.0.1"]
p.n_ctx = int(flag("-c")); p.n_parallel = int(flag("-np")); p.cpuparams.n_threads = int(flag("-t"))
p.n_batch = int(flag("-b")); p.n_ubatch = int(flag("-ub")); p.n_gpu_layers = int(flag("-ngl"))
if "--cache-ram" in f: p.cache_ram_mib = int(flag("--cache-ram"))
if "--mmproj" in f: p.mmproj.path = flag("--mmproj")
if "-md" in f:
    d = p.speculative.draft
    d.mparams.path = flag("-md"); d.n_max = int(flag("--spec-draft-n-max")); d.n_gpu_layers = int(flag("-ngld"))
if "--spec-type" in f:
    name = "COMMON_SPECULATIVE_TYPE_" + flag("--spec-type").upper().replace("-", "_")
    p.speculative.types = [getattr(x.common_speculative_type, name)]
p.api_keys = [os.environ["LLAMA_API_KEY"]]; p.endpoint_metrics = "--metrics" in f
server = x.Server(p)
while True: time.sleep(3600)
`;

/** @param python an interpreter that has xllamacpp */
export function realLlamaServer(python: string): string {
  const folder = mkdtempSync(join(tmpdir(), "headroom-llama-server-"));
  writeFileSync(join(folder, "server.py"), REAL);
  return program(folder, `#!/bin/sh\nexec "${python}" "${join(folder, "server.py")}" "$@"\n`);
}

function program(folder: string, script: string): string {
  const path = join(folder, "llama-server");
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}
