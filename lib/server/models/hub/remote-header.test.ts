import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GgufFormatError } from "@/lib/gguf/header/gguf-format-error";
import { ggufFileBytes, type WritableGguf, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { type Misbehave, type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { type RemoteHeader, type RemoteHeaderOptions, readRemoteHeader } from "./remote-header";
import { RemoteHeaderError } from "./remote-header-error";

const PATH = "/owner/repo/resolve/main/model.gguf";
const SOURCE = "hf:owner/repo/model.gguf";

const fileOf = (gguf: WritableGguf): StandInFile => {
  const start = writeGgufHeader(gguf);
  return { start, fileBytes: ggufFileBytes(start, gguf) };
};

/** Llama 3.1 8B, with a vocabulary as long as the real one: a file of 4.3 GiB with a header of a few megabytes. */
function bigModel(): WritableGguf {
  const { metadata, tensors } = modelShape("llama-3.1-8b").gguf;
  const tokens = Array.from({ length: 128_256 }, (_, index) => `token number ${index}`);
  return { metadata: { ...metadata, "tokenizer.ggml.tokens": { strings: tokens } }, tensors };
}

let hub: StandInHub;
let other: StandInHub;

beforeEach(async () => {
  hub = await StandInHub.start();
  other = await StandInHub.start();
});
afterEach(() => Promise.all([hub.stop(), other.stop()]));

const read = (options: Partial<RemoteHeaderOptions> = {}, source = SOURCE): Promise<RemoteHeader> =>
  readRemoteHeader(source, { endpoint: hub.origin, token: null, timeLimitMs: 5000, ...options });

async function refusal(reading: Promise<unknown>): Promise<RemoteHeaderError | GgufFormatError> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof RemoteHeaderError || error instanceof GgufFormatError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

const small = (): StandInFile => {
  const { header, fileBytes } = shapeFile(modelShape("llama-2-7b"));
  return { start: header, fileBytes };
};
const redirectTo =
  (location: string, status = 302): Misbehave =>
  (_, response) => {
    response.writeHead(status, { location }).end();
  };

describe("a model on the hub", () => {
  it("is known after few requests for little more than its header", async () => {
    const file = fileOf(bigModel());
    hub.serve(PATH, file);
    const { profile, parts } = await read();
    expect(profile).toMatchObject({
      architecture: "llama",
      blocks: 32,
      vocabularySize: 128_256,
      fileBytes: file.fileBytes,
    });
    expect(parts).toHaveLength(1);
    expect(Buffer.compare(file.start, (parts[0]?.bytes ?? new Uint8Array(0)).subarray(0, file.start.length))).toBe(0);
    expect(hub.seen.length).toBeLessThanOrEqual(4);
    expect(hub.sentBytes).toBeLessThan(file.start.byteLength * 2 + 600_000);
  });

  it("is found behind a redirect, and the token stays with the hub", async () => {
    other.serve("/cdn/blob.gguf", small());
    hub.serve(PATH, redirectTo(`${other.origin}/cdn/blob.gguf`));
    const { profile } = await read({ token: "hf_secret", trustedOrigins: [other.origin] });
    expect(profile.blocks).toBe(32);
    expect(hub.seen.map(request => request.authorization)).toEqual(["Bearer hf_secret"]);
    expect(other.seen.map(request => request.authorization)).toEqual([undefined]);
  });

  it("in three parts is counted whole, whichever part was named", async () => {
    const files = splitInThree(modelShape("llama-2-7b").gguf);
    files.forEach((file, index) => {
      hub.serve(`/owner/repo/resolve/main/${partName("m", index + 1)}`, file);
    });
    const { profile, parts } = await read({}, "hf:owner/repo/m-00002-of-00003.gguf");
    expect(parts.map(part => part.fileBytes)).toEqual(files.map(file => file.fileBytes));
    expect(profile.fileBytes).toBe(files.reduce((sum, file) => sum + file.fileBytes, 0));
    expect(profile.parameters).toBe(6_738_415_616);
    expect(profile.split).toBeNull();
  });

  it("is read from a server that ignores ranges, without the rest of the file", async () => {
    const file = fileOf(bigModel());
    hub.serve(PATH, (_, response) => hub.sendRange(file, undefined, response));
    expect((await read()).profile.vocabularySize).toBe(128_256);
    // Every request may start again and have some megabytes in transit when it is cut off; the file has 4.3 GiB.
    expect(hub.sentBytes).toBeLessThan(64 * 1024 * 1024);
  });
});

describe("a hub that lies", () => {
  it("about the range is refused", async () => {
    const file = small();
    hub.serve(PATH, (_, response) => {
      response.writeHead(206, { "content-range": `bytes 7-100/${file.fileBytes}` }).end(file.start);
    });
    expect((await refusal(read())).message).toMatch(/another range/);
  });

  it("by changing the file in between is refused", async () => {
    const file = fileOf(bigModel());
    hub.serve(PATH, (request, response) => {
      const first = request.headers.range?.startsWith("bytes=0-");
      hub.sendRange(first ? file : { ...file, fileBytes: file.fileBytes + 1 }, request.headers.range, response);
    });
    expect((await refusal(read())).message).toMatch(/changed while/);
  });

  it("by compressing is refused", async () => {
    hub.serve(PATH, (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": 10 }).end("0123456789");
    });
    expect((await refusal(read())).message).toMatch(/compressed/);
  });

  it("by closing early is refused", async () => {
    hub.serve(PATH, (_, response) => {
      response.writeHead(206, { "content-range": "bytes 0-524287/9999999", "content-length": 524_288 });
      response.write("GGUF");
      setTimeout(() => response.destroy(), 20);
    });
    expect((await refusal(read())).code).toBe("DOWNLOAD_FAILED");
  });

  it.each([
    ["a web page", "<!doctype html><title>Sign in</title>", "NOT_GGUF"],
    ["an LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "NOT_GGUF"],
    ["D9 2^64 keys", `GGUF\u0003\u0000\u0000\u0000${"\u0000".repeat(8)}${"\u00ff".repeat(8)}`, "CORRUPT_MODEL"],
  ])("with %s instead of a model is refused", async (_, text, code) => {
    const start = Buffer.from(text, "latin1");
    hub.serve(PATH, { start, fileBytes: start.byteLength });
    expect((await refusal(read())).code).toBe(code);
  });

  it("D9 about a size that no file has is refused", async () => {
    hub.serve(PATH, (_, response) => {
      response.writeHead(206, { "content-range": `bytes 0-524287/${2 ** 52}` }).end("GGUF");
    });
    expect((await refusal(read())).code).toBe("TOO_LARGE");
  });

  it("D9 with a header without end is refused at the limit of bytes", async () => {
    const start = writeGgufHeader({
      metadata: { "general.architecture": "llama", "x.endless": { strings: [] } },
      tensors: [],
    });
    // The array's length is the last number before the padding: 16 million empty strings of 8 bytes each.
    const key = Buffer.from(start).indexOf("x.endless");
    new DataView(start.buffer).setBigUint64(key + 9 + 4 + 4, 16_000_000n, true);
    hub.serve(PATH, { start, fileBytes: 1e12 });
    expect((await refusal(read({ timeLimitMs: 20_000 }))).code).toBe("TOO_LARGE");
  });

  it("by stalling is given up after the time limit", async () => {
    hub.serve(PATH, (_, response) => {
      response.writeHead(206, { "content-range": "bytes 0-524287/9999999", "content-length": 524_288 });
      response.write("GGUF");
    });
    const startMs = performance.now();
    expect((await refusal(read({ timeLimitMs: 300 }))).message).toMatch(/longer than 0.3 s/);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it("ends when the caller has enough", async () => {
    hub.serve(PATH, () => undefined);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("gone")), 50);
    await expect(read({ signal: abort.signal })).rejects.toThrow("gone");
  });

  it.each([
    [401, "FORBIDDEN", /set HF_TOKEN/],
    [403, "FORBIDDEN", /gated/],
    [404, "MODEL_NOT_FOUND", /has no model.gguf/],
    [429, "BUSY", /too many requests/],
    [500, "HUB_FAILED", /answered 500/],
  ])("with status %i is told apart", async (status, code, message) => {
    hub.serve(PATH, (_, response) => {
      response.writeHead(status).end();
    });
    const error = await refusal(read());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

it.each([
  ["a line break", "a%0Ab.gguf", /has no a%0Ab.gguf/],
  ["half a character", "%E0%A4%A.gguf", /has no %E0%A4%A.gguf/],
  ["a space", "a%20b.gguf", /has no a b.gguf/],
])("a missing file with %s in its name is named in one line", async (_, name, message) => {
  const error = await refusal(read({}, `${hub.origin}/${name}`));
  expect(error.code).toBe("MODEL_NOT_FOUND");
  expect(error.message).toMatch(message);
});

describe("a redirect", () => {
  it.each([
    ["another port of this computer", () => `${other.origin}/m.gguf`, /not https/],
    ["this computer over https", () => `https://127.0.0.1:${other.port}/m.gguf`, /not on the public internet/],
    ["this computer by name", () => `https://localhost:${other.port}/m.gguf`, /localhost leads to .*not public/],
    ["this computer in IPv6", () => `https://[::1]:${other.port}/m.gguf`, /not on the public internet/],
    ["this computer as a number", () => `https://2130706433:${other.port}/m.gguf`, /127.0.0.1 is not on the public/],
    ["the local network", () => "https://192.168.0.1/m.gguf", /not on the public internet/],
    ["a cloud's metadata service", () => "https://169.254.169.254/latest", /not on the public internet/],
    ["plain http", () => "http://example.com/m.gguf", /not https/],
    ["a file", () => "file:///etc/passwd", /not https/],
    ["a user and password", () => "https://a:b@example.com/m.gguf", /user name or password/],
  ])("to %s is refused, and nothing is asked there", async (_, location, message) => {
    hub.serve(PATH, redirectTo(location()));
    const error = await refusal(read({ token: "hf_secret" }));
    expect(error.code).toBe("FORBIDDEN");
    expect(error.message).toMatch(message);
    expect(other.seen).toEqual([]);
  });

  it("is refused at a later hop as well", async () => {
    hub.serve(PATH, redirectTo("/second"));
    hub.serve("/second", redirectTo("/third", 307));
    hub.serve("/third", redirectTo(`${other.origin}/m.gguf`));
    expect((await refusal(read())).code).toBe("FORBIDDEN");
    expect(other.seen).toEqual([]);
  });

  it("is followed five times and not more", async () => {
    hub.serve(PATH, redirectTo(PATH));
    expect((await refusal(read())).message).toMatch(/more than 5 times/);
    expect(hub.seen).toHaveLength(6);
  });
});

it.each([
  ["an http address elsewhere", () => `${other.origin}/m.gguf`],
  ["an https address in the local network", () => "https://10.0.0.7/m.gguf"],
  ["a name that leads to this computer", () => `https://localhost:${other.port}/m.gguf`],
])("%s is refused as a source too", async (_, source) => {
  expect((await refusal(read({}, source()))).code).toBe("FORBIDDEN");
  expect(other.seen).toEqual([]);
});
