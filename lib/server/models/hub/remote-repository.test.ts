import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endless, type Misbehave, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { RemoteHeaderError } from "./remote-header-error";
import { listRepository } from "./remote-repository";

let hub: StandInHub;
beforeEach(async () => {
  hub = await StandInHub.start();
});
afterEach(() => hub.stop());

const ADDRESS = {
  kind: "repository",
  owner: "owner",
  repository: "repo",
  revision: "main",
  quantization: null,
} as const;
const TREE = "/api/models/owner/repo/tree/main";
const list = (token: string | null = null) => listRepository(ADDRESS, { endpoint: hub.origin, token });
const entry = (path: string, size = 1) => ({ type: "file", oid: "0", path, size });
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => entry(`m-v${from + index}-Q4_K_M.gguf`, from + index));

/** As the hub answers a long list: a thousand at a time, with the address of the next page in the Link header. */
function servePages(
  pages: readonly (readonly unknown[])[],
  next = (page: number) => `${hub.origin}${TREE}?cursor=${page}`,
) {
  pages.forEach((page, index) => {
    hub.serve(index === 0 ? `${TREE}?recursive=true` : `${TREE}?cursor=${index}`, (_, response) => {
      const link = index + 1 < pages.length ? { link: `<${next(index + 1)}>; rel="next"` } : {};
      response.writeHead(200, link).end(JSON.stringify(page));
    });
  });
}

const text =
  (body: string, headers: Readonly<Record<string, string>> = {}): Misbehave =>
  (_, response) => {
    response.writeHead(200, headers).end(body);
  };
const json = (value: unknown): Misbehave => text(JSON.stringify(value));

describe("D9 a list of files", () => {
  it.each<[string, Misbehave, RegExp]>([
    ["of a million arrays in each other", text("[".repeat(1_000_000)), /no usable answer about owner\/repo/],
    ["that is an object", json({ files: [entry("m.gguf")] }), /no usable answer/],
    ["with a size below zero", json([entry("m.gguf", -1)]), /no usable answer/],
    ["with a size that no number holds exactly", json([entry("m.gguf", 2 ** 60)]), /no usable answer/],
    ["with a number for a name", json([{ type: "file", path: 5, size: 1 }]), /no usable answer/],
    ["that is compressed although nobody asked", text("\u001f\u008b", { "content-encoding": "gzip" }), /no usable/],
    ["without an end", endless, /is longer than 8388608 bytes/],
    ["with a header of 20 KB", text("[]", { "x-long": "x".repeat(20_000) }), /could not be read: .*Header overflow/],
  ])("%s is one sentence", async (_, misbehave, message) => {
    hub.serve(TREE, misbehave);
    const problem = await list().catch(error => error);
    expect(problem).toBeInstanceOf(RemoteHeaderError);
    expect(problem.message).toMatch(message);
  });

  it("with keys of other objects, a hash that is none, and 20,000 other files has its one model", async () => {
    const others = Array.from({ length: 20_000 }, (_, index) => entry(`weights-${index}.bin`));
    const own =
      '{"type":"file","path":"m.gguf","size":1,"lfs":{"oid":"../x"},"__proto__":{"name":"evil"},"constructor":1}';
    hub.serve(TREE, text(`[${own},${JSON.stringify(others).slice(1)}`));
    expect((await list()).files).toEqual([
      {
        source: "hf:owner/repo/m.gguf",
        name: "m.gguf",
        fileBytes: 1,
        quantization: null,
        role: "text",
        contentKey: null,
      },
    ]);
  });

  it("cannot lead to another name by its redirect", async () => {
    hub.serve("/api/models/..%2f..%2fevil/x/tree/main?recursive=true", json([entry("m.gguf")]));
    hub.serve(TREE, (_, response) => {
      response.writeHead(307, { location: "/api/models/..%2f..%2fevil/x/tree/main?recursive=true" }).end();
    });
    expect((await list()).name).toBe("owner/repo");
  });
});

describe("a repository", () => {
  it.each([400, 2400])("with %i files is listed whole", async count => {
    const files = numbered(0, count);
    servePages([files.slice(0, 1000), files.slice(1000, 2000), files.slice(2000)].filter(page => page.length > 0));
    expect((await list()).files.map(({ fileBytes }) => fileBytes)).toEqual(files.map(({ size }) => size));
  });

  it("never leads to another server for its next page: the token goes to the hub only", async () => {
    const other = await StandInHub.start();
    servePages([numbered(0, 3), numbered(3, 6)], () => `${other.origin}${TREE}?cursor=1`);
    expect((await list("hf_secret")).files).toHaveLength(3);
    expect(other.seen).toEqual([]);
    await other.stop();
  });

  it("D9 without an end is read for ten pages", async () => {
    hub.serve(TREE, (_, response) => {
      response.writeHead(200, { link: `<${TREE}?cursor=more>; rel="next"` }).end(JSON.stringify(numbered(0, 1)));
    });
    await list();
    expect(hub.seen).toHaveLength(10);
  });

  it("without a GGUF file says what to look for", async () => {
    hub.serveTree("owner/repo", { "model.safetensors": 5, "README.md": 1 });
    await expect(list()).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "owner/repo holds no GGUF file of a chat model: look for a repository whose name ends in -GGUF.",
    });
  });

  it("that was renamed is listed under its new name", async () => {
    hub.serveTree("owner/new-name", { "m.gguf": 1 });
    hub.serve(TREE, (_, response) => {
      response.writeHead(307, { location: "/api/models/owner/new-name/tree/main?recursive=true" }).end();
    });
    expect(await list()).toMatchObject({ name: "owner/new-name", files: [{ source: "hf:owner/new-name/m.gguf" }] });
  });

  it("that is private says that it may be, and what it needs", async () => {
    hub.serve(TREE, (_, response) => response.writeHead(401, { "x-error-code": "RepoNotFound" }).end());
    await expect(list()).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: `127.0.0.1:${hub.port} shows no owner/repo: it does not exist, or it is private or gated and needs HF_TOKEN.`,
    });
  });

  it("D7 D9 leaves out files whose names could lead elsewhere", async () => {
    hub.serveTree("owner/repo", {
      "good.gguf": 1,
      "../up.gguf": 1,
      "a/../../up.gguf": 1,
      "..\\up.gguf": 1,
      "new\nline.gguf": 1,
      "nul\0.gguf": 1,
      "C:\\x.gguf": 1,
      "/etc/x.gguf": 1,
      // A mark that turns the direction of what follows would show another name and another ending.
      "\u202ebad.gguf": 1,
    });
    expect((await list()).files.map(({ name }) => name)).toEqual(["good.gguf"]);
  });
});
