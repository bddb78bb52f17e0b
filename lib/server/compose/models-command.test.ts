import { mkdirSync, mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { lockDataFolder } from "@/lib/server/http/instance-lock";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { keepMemorySpeed } from "@/lib/server/testing/keep-memory-speed";
import { quantizedFiles } from "@/lib/server/testing/stand-ins/quantized-files";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { modelsCommand } from "./models-command";

let hub: StandInHub;
let folder: string;
let home: string;
let modelsFolder: string;
let env: Record<string, string>;

const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
const small = { start: header, fileBytes };
const engineEntry = fakeEngineEntry({ backend: "none" });

beforeEach(async () => {
  hub = await StandInHub.start();
  folder = mkdtempSync(join(tmpdir(), "headroom-models-command-"));
  home = join(folder, "home");
  modelsFolder = join(home, "models");
  mkdirSync(modelsFolder, { recursive: true });
  keepMemorySpeed(join(home, "data"));
  env = {
    PATH: "",
    HEADROOM_HOME: home,
    HEADROOM_MODELS_DIR: modelsFolder,
    HEADROOM_ENGINE_ENTRY: engineEntry,
    HF_ENDPOINT: hub.origin,
  };
  // The folders of other programs are looked for in the user's own.
  vi.stubEnv("HOME", folder);
  vi.stubEnv("USERPROFILE", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
});

async function run(...args: string[]) {
  const printed: string[] = [];
  const complained: string[] = [];
  const shown: string[] = [];
  const exitCode = await modelsCommand({
    args,
    env,
    signal: new AbortController().signal,
    out: text => printed.push(text),
    complain: text => complained.push(text),
    progress: line => line !== null && shown.push(line),
  });
  return { exitCode, out: printed.join("\n"), complained, shown };
}

function writeModel(path: string): void {
  writeFileSync(path, header);
  truncateSync(path, fileBytes);
}

function writeOllamaModel(): string {
  const digest = "c".repeat(64);
  const manifests = join(folder, ".ollama/models/manifests/registry.ollama.ai/library/llama3.2");
  mkdirSync(manifests, { recursive: true });
  mkdirSync(join(folder, ".ollama/models/blobs"));
  const layers = [{ mediaType: "application/vnd.ollama.image.model", digest: `sha256:${digest}` }];
  writeFileSync(join(manifests, "3b"), JSON.stringify({ layers }));
  const blob = join(folder, `.ollama/models/blobs/sha256-${digest}`);
  writeModel(blob);
  return blob;
}

describe("wrong usage", () => {
  it.each([
    [[], "A command is missing: list, search, fit, pull, rm or import. --help explains them."],
    [["lst"], 'There is no command "lst": list, search, fit, pull, rm or import. --help explains them.'],
    [
      ["constructor"],
      'There is no command "constructor": list, search, fit, pull, rm or import. --help explains them.',
    ],
    [["list", "x"], 'list takes nothing after it, not "x".'],
    [["search"], "search takes the words to look for."],
    [["rm"], "rm takes one FILE, not 0."],
    [["pull", "a/b", "c/d"], "pull takes one REPO, not 2."],
    [["list", "--frobnicate"], "Unknown option '--frobnicate'. --help lists the options."],
    [["list", "--context", "4096"], "--context is an option of fit and pull, not of list."],
    [["fit", "a/b", "--context", "0"], "--context must be a whole number from 1 to 16777216, not 0."],
    [["search", "x", "--sort", "size"], '--sort must be one of trending, downloads, likes, newest, not "size".'],
    [
      ["pull", "gemma"],
      '"gemma" is no address of a model: owner/repo, a page of Hugging Face or the address of a .gguf file is.',
    ],
  ])("%j exits with 2 and one line", async (args, message) => {
    const { exitCode, out, complained } = await run(...args);
    expect({ exitCode, out, complained }).toEqual({ exitCode: 2, out: "", complained: [message] });
    expect(hub.seen).toEqual([]);
  });

  it("--help exits with 0 and names every command", async () => {
    const { exitCode, out } = await run("--help");
    expect(exitCode).toBe(0);
    for (const command of ["list", "search", "fit", "pull", "rm", "import"]) expect(out).toContain(`\n  ${command}`);
  });
});

describe("list and rm", () => {
  it("lists the library with plans, also as JSON", async () => {
    writeModel(join(modelsFolder, "small.gguf"));
    writeFileSync(join(modelsFolder, "page.gguf"), "<html>");
    const { exitCode, out } = await run("list");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^model +type +size +plan +tokens\/s\npage\.gguf .*NOT_GGUF\nsmall\.gguf +Q4_K_M .*CPU/);
    const { models } = JSON.parse((await run("list", "--json")).out);
    expect(models).toMatchObject([{ name: "page.gguf" }, { name: "small.gguf", plan: { kind: "cpu-only" } }]);
  });

  it("shows no control characters of a file's name", async () => {
    writeModel(join(modelsFolder, "\u001b[31mred.gguf"));
    expect((await run("list")).out).toContain("\\u001b[31mred.gguf");
  });

  it("moves a model to the trash by its name or its path, and refuses one that is not there", async () => {
    writeModel(join(modelsFolder, "a.gguf"));
    writeModel(join(modelsFolder, "b.gguf"));
    expect(await run("rm", "a.gguf")).toMatchObject({ exitCode: 0, out: "a.gguf is moved to the trash." });
    expect(await run("rm", join(modelsFolder, "b.gguf"), "--json")).toMatchObject({
      exitCode: 0,
      out: JSON.stringify({ name: "b.gguf", trashed: true }, null, 2),
    });
    expect(readdirSync(modelsFolder).filter(name => name.endsWith(".gguf"))).toEqual([]);
    for (const name of ["a.gguf", "../home/models/a.gguf", "/etc/passwd"]) {
      const { exitCode, complained } = await run("rm", name);
      expect(exitCode).toBe(3);
      expect(complained).toEqual([`MODEL_NOT_FOUND: There is no model ${name} in the library: list shows them.`]);
    }
  });
});

describe("import", () => {
  it("shows what there is, uses it in place, and takes it off the list again", async () => {
    const blob = writeOllamaModel();
    expect((await run("import", "--dry-run")).out).toMatch(/Ollama +llama3\.2:3b .* can be used$/);
    expect((await run("list")).out).not.toContain("Ollama");
    const { exitCode, out } = await run("import", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).added).toEqual(["Ollama/llama3.2:3b"]);
    expect((await run("list")).out).toContain("Ollama/llama3.2:3b");
    expect((await run("import")).out).toMatch(/in the library$/);
    expect((await run("rm", "Ollama/llama3.2:3b")).out).toMatch(/taken off the list; its file stays where it is\.$/);
    expect((await run("list")).out).not.toContain("Ollama");
    expect(readFileSync(blob).subarray(0, header.byteLength)).toEqual(Buffer.from(header));
  });

  it("says where it looked when there is nothing", async () => {
    expect((await run("import")).out).toMatch(/^None of these programs has a model here: LM Studio, Ollama, Jan, /);
  });
});

describe("search and fit", () => {
  const entry = { id: "owner/qwen-GGUF", downloads: 5, likes: 1, gated: "manual", tags: ["license:mit"] };

  it("search prints what the hub has", async () => {
    hub.serveSearch([entry]);
    const { exitCode, out } = await run("search", "qwen", "2.5");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/owner\/qwen-GGUF +mit +5 +1 +gated$/);
    expect(hub.seen[0]?.path).toContain("search=qwen+2.5");
    expect(JSON.parse((await run("search", "qwen", "--json")).out)).toMatchObject({ kind: "found" });
  });

  it("search waits as the hub asks, and says so", async () => {
    let refusals = 0;
    hub.serve("/api/models", (_, response) => {
      if (refusals++ === 0) response.writeHead(429, { "retry-after": "1" }).end();
      else response.writeHead(200).end(JSON.stringify([entry]));
    });
    const { exitCode, complained } = await run("search", "qwen");
    expect(exitCode).toBe(0);
    expect(complained.join()).toMatch(/asks to wait for 1 s.*Asking again in 1 s/);
  });

  it("fit prints every file with its plan, and the best one, as the page does", async () => {
    hub.serveRepository("owner/qwen-GGUF", quantizedFiles(modelShape("qwen2.5-7b").gguf, { stem: "q", tokens: 2000 }));
    const { exitCode, out, shown } = await run("fit", "owner/qwen-GGUF", "--json", "--context", "4096");
    expect(exitCode).toBe(0);
    const { repo, files } = JSON.parse(out);
    expect(repo).toBe("owner/qwen-GGUF");
    expect(files).toHaveLength(6);
    expect(files[0]).toMatchObject({
      file: "q-Q2_K.gguf",
      quantization: "Q2_K",
      // 28 blocks and the output layer; 28 x 4 heads x 128 x K and V x 2 bytes x 4096 tokens x 2 answers at once
      plan: {
        gpuLayers: 0,
        totalLayers: 29,
        placement: { gpuLayers: 0, expertBlocksInRam: 0 },
        ram: { kvBytes: 469_762_048 },
      },
    });
    expect(files.filter(({ best }: { best: boolean }) => best)).toHaveLength(1);
    expect(shown.at(-1)).toMatch(/^\[#{24}\] 100 % header 6 of 6$/);
    expect((await run("fit", "hf:owner/qwen-GGUF")).out).toMatch(/q-Q4_K_M\.gguf .*best here/);
  });

  it.each([
    ["a repository that is not there", ["fit", "owner/none"], 3, /^MODEL_NOT_FOUND: /],
    ["a repository without GGUF files", ["fit", "owner/plain"], 3, /^INVALID_INPUT: owner\/plain holds no GGUF file/],
    ["a quantization that is not there", ["pull", "owner/one:Q9"], 3, /^MODEL_NOT_FOUND: owner\/one has no Q9/],
    ["a file that is no GGUF", ["pull", "hf:owner/one/page.gguf"], 3, /^NOT_GGUF: /],
    ["a hub in trouble", ["fit", "owner/trouble"], 3, /^HUB_FAILED: .* answered 503 for owner\/trouble\.$/],
  ])("%s: one line and its exit code", async (_what, args, code, message) => {
    hub.serveTree("owner/plain", { "README.md": 5 });
    hub.serve("/api/models/owner/trouble/tree/main", (_, response) => {
      response.writeHead(503).end();
    });
    hub.serveRepository("owner/one", { "one-Q4_0.gguf": small });
    hub.serve("/owner/one/resolve/main/page.gguf", {
      start: Buffer.from("<!doctype html>".repeat(20)),
      fileBytes: 300,
    });
    const { exitCode, complained } = await run(...args);
    expect(complained).toHaveLength(1);
    expect(complained[0]).toMatch(message);
    expect(exitCode).toBe(code);
  });

  it.each([
    ["search", "x"],
    ["fit", "owner/repo"],
    ["pull", "owner/repo:Q4_K_M"],
  ])("%s without a connection exits with 4", async (...args) => {
    await hub.stop();
    const { exitCode, complained } = await run(...args);
    expect(complained).toEqual(["DOWNLOAD_FAILED: 127.0.0.1 refuses the connection."]);
    expect(exitCode).toBe(4);
    hub = await StandInHub.start();
  });
});

describe("pull", () => {
  beforeEach(() => {
    hub.serveRepository("owner/one", { "one-Q4_0.gguf": small, "one-Q8_0.gguf": small });
  });
  const files = () => readdirSync(modelsFolder, { recursive: true, encoding: "utf8" }).sort();

  it.each([
    ["owner/one:Q4_0"],
    ["hf:owner/one/one-Q4_0.gguf"],
    ["https://hf.co/owner/one:q4_0"],
    ["ollama run hf.co/owner/one:Q4_0"],
  ])("takes %s", async source => {
    const { exitCode, out, complained } = await run("pull", source);
    expect(complained).toEqual([]);
    expect(exitCode).toBe(0);
    expect(out).toBe("owner/one/one-Q4_0.gguf is in the library.");
    expect(files()).toEqual(["owner", "owner/one", "owner/one/one-Q4_0.gguf"]);
  });

  it("chooses the file that suits this computer, and says why", async () => {
    const { exitCode, out, complained } = await run("pull", "owner/one", "--json");
    expect(exitCode).toBe(0);
    expect(complained.join()).toMatch(/^Q\d.*: on the CPU at 4k/);
    expect(JSON.parse(out)).toMatchObject({
      name: expect.stringMatching(/^owner\/one\/one-Q\d_0\.gguf$/),
      bytes: fileBytes,
    });
  });

  it("stops at Ctrl+C, leaves nothing open, and goes on with what it has", async () => {
    hub.line = { windowBytes: 64 * 1024, roundTripMs: 20 };
    const stop = new AbortController();
    const complained: string[] = [];
    const exitCode = await modelsCommand({
      args: ["pull", "owner/one:Q4_0"],
      env,
      signal: stop.signal,
      out: () => {},
      complain: text => complained.push(text),
      progress: line => line?.includes("of") && stop.abort(),
    });
    expect(exitCode).toBe(130);
    expect(complained).toEqual(["Stopped. The same command goes on with what was fetched."]);
    expect(files()).toContain(".downloads");
    hub.line = null;
    expect((await run("pull", "owner/one:Q4_0")).exitCode).toBe(0);
    expect(files()).toEqual(["owner", "owner/one", "owner/one/one-Q4_0.gguf"]);
  });
});

describe("while a Headroom is running", () => {
  let unlock: () => void;
  let server: Server;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    unlock = lockDataFolder(join(home, "data"));
    const download = {
      id: "1",
      source: "hf:owner/one/one-Q4_0.gguf",
      name: "owner/one/one-Q4_0.gguf",
      totalBytes: 5,
      receivedBytes: 5,
      hasPublishedHash: true,
      addedAtMs: 0,
      state: "done",
    };
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const answer = request.method === "GET" ? { downloads: [download], bytesPerSecondLimit: null } : { download };
      response.end(
        JSON.stringify(
          request.method === "DELETE" ? { error: { code: "BUSY", message: "a.gguf is answering." } } : answer,
        ),
      );
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    env.PORT = String(typeof address === "object" ? address?.port : 0);
    env.HEADROOM_TOKEN = "a token of this test";
  });
  afterEach(async () => {
    unlock();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it("it is asked to download, and this process writes nothing", async () => {
    expect(await run("pull", "hf:owner/one/one-Q4_0.gguf")).toMatchObject({ exitCode: 0 });
    expect(asked).toEqual([
      "POST /api/downloads Bearer a token of this test",
      "GET /api/downloads Bearer a token of this test",
    ]);
    expect(readdirSync(modelsFolder)).toEqual([]);
  });

  it("its refusal is this command's", async () => {
    writeModel(join(modelsFolder, "a.gguf"));
    expect(await run("rm", "a.gguf")).toMatchObject({ exitCode: 3, complained: ["BUSY: a.gguf is answering."] });
    expect(readdirSync(modelsFolder)).toEqual(["a.gguf"]);
  });

  it("says so when it does not answer at this port", async () => {
    env.PORT = "9";
    writeModel(join(modelsFolder, "a.gguf"));
    const { exitCode, complained } = await run("rm", "a.gguf");
    expect(exitCode).toBe(4);
    expect(complained).toEqual([
      "DOWNLOAD_FAILED: Headroom is running but does not answer at http://127.0.0.1:9: set PORT to its port, or stop it.",
    ]);
  });
});
