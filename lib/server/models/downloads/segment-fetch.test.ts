import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { randomModel } from "@/lib/server/testing/stand-ins/random-model";
import { type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { MIB } from "@/lib/units/bytes";
import { Pacer } from "./pacer";
import type { PartState, Segment } from "./part-state";
import { fetchSegment } from "./segment-fetch";
import { usualPace } from "./transfer-options";

const PATH = "/model.gguf";

let hub: StandInHub;
let folder: string;
let path: string;
let file: FileHandle;

beforeEach(async () => {
  hub = await StandInHub.start();
  folder = mkdtempSync(join(tmpdir(), "headroom-segment-"));
  path = join(folder, "part");
  file = await open(path, "w+");
});
afterEach(async () => {
  await file.close();
  await hub.stop();
  rmSync(folder, { recursive: true });
});

interface Fetch {
  readonly fileBytes: number;
  readonly segment: Segment;
  readonly to?: FileHandle;
  readonly pacer?: Pacer;
  readonly origin?: string;
  readonly onBytes?: (bytes: number) => void;
}

function fetchFrom({
  fileBytes,
  segment,
  to = file,
  pacer,
  origin = hub.origin,
  onBytes = () => {},
}: Fetch): Promise<void> {
  const part: PartState = { fileBytes, etag: '"stand-in"', sha256: null, segments: [segment] };
  return fetchSegment(segment, {
    url: new URL(`${origin}${PATH}`),
    path,
    part,
    rules: { hubOrigin: origin, token: null, trustedOrigins: [origin] },
    limit: pacer ?? new Pacer(() => ({ bytesPerSecond: null, isAnswering: false })),
    pace: usualPace,
    signal: new AbortController().signal,
    file: to,
    hasRanges: true,
    abort: new AbortController(),
    onWhole: () => true,
    onBytes,
  });
}

const whole = (fileBytes: number): Segment => ({ nextBytes: 0, endBytes: fileBytes });

function onDisk(startBytes: number, endBytes: number): Buffer {
  const bytes = Buffer.alloc(endBytes - startBytes);
  const copy = openSync(path, "r");
  const read = readSync(copy, bytes, 0, bytes.byteLength, startBytes);
  closeSync(copy);
  return bytes.subarray(0, read);
}

/** null without openssl: Node makes no certificates. */
function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } | null {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1"];
  const { status } = spawnSync("openssl", ["req", "-x509", ...options, "-keyout", key, "-out", cert]);
  return status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : null;
}

describe("fetchSegment", () => {
  it("counts nothing that is not on the disk", async () => {
    const model = randomModel(8 * MIB);
    hub.serve(PATH, model);
    const segment = whole(model.fileBytes);
    let countedBytes = 0;
    await fetchFrom({
      fileBytes: model.fileBytes,
      segment,
      onBytes: bytes => {
        const counted = onDisk(countedBytes, countedBytes + bytes);
        expect(counted.equals(model.start.subarray(countedBytes, countedBytes + bytes))).toBe(true);
        countedBytes += bytes;
        expect(segment.nextBytes).toBe(countedBytes);
      },
    });
    expect(countedBytes).toBe(model.fileBytes);
    expect(onDisk(0, model.fileBytes).equals(model.start)).toBe(true);
  });

  it("holds at most a MiB of a file of 256 MiB in memory", async () => {
    const zeros: StandInFile = { start: new Uint8Array(), fileBytes: 256 * MIB };
    hub.serve(PATH, zeros);
    const beforeBytes = process.memoryUsage().arrayBuffers;
    let mostBytes = 0;
    await fetchFrom({
      fileBytes: zeros.fileBytes,
      segment: whole(zeros.fileBytes),
      onBytes: () => {
        mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - beforeBytes);
      },
    });
    expect(mostBytes).toBeLessThan(MIB);
  });

  it("writes nothing behind an end that another connection has taken over", async () => {
    const model = randomModel(4 * MIB);
    hub.serve(PATH, model);
    const segment = whole(model.fileBytes);
    await fetchFrom({
      fileBytes: model.fileBytes,
      segment,
      onBytes: () => {
        segment.endBytes = MIB + 5;
      },
    });
    expect(segment).toEqual({ nextBytes: MIB + 5, endBytes: MIB + 5 });
    expect(onDisk(0, 4 * MIB).equals(model.start.subarray(0, MIB + 5))).toBe(true);
  });

  it("fetches an answer in chunks, whose length is not said", async () => {
    const model = randomModel(4 * MIB);
    hub.serve(PATH, (_, response) => {
      response.writeHead(206, {
        etag: '"stand-in"',
        "content-range": `bytes 0-${model.fileBytes - 1}/${model.fileBytes}`,
      });
      for (let sent = 0; sent < model.fileBytes; sent += 100_000)
        response.write(model.start.subarray(sent, sent + 100_000));
      response.end();
    });
    await fetchFrom({ fileBytes: model.fileBytes, segment: whole(model.fileBytes) });
    expect(onDisk(0, model.fileBytes).equals(model.start)).toBe(true);
  });

  it("fetches over https as well", async context => {
    const certificate = selfSigned();
    context.skip(certificate === null, "this computer has no openssl");
    if (certificate === null) return;
    const model = randomModel(4 * MIB);
    const secure = createServer(certificate, (request, response) =>
      hub.sendRange(model, request.headers.range, response),
    );
    await once(secure.listen(0, "127.0.0.1"), "listening");
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      const address = secure.address();
      const port = typeof address === "object" ? address?.port : null;
      await fetchFrom({
        fileBytes: model.fileBytes,
        segment: whole(model.fileBytes),
        origin: `https://127.0.0.1:${port}`,
      });
      expect(onDisk(0, model.fileBytes).equals(model.start)).toBe(true);
    } finally {
      vi.unstubAllEnvs();
      secure.close();
    }
  });

  it("waits where it is held back, and loses nothing", async () => {
    const model = randomModel(4 * MIB);
    hub.serve(PATH, model);
    let heldTimes = 0;
    const pacer = new Pacer(() => ({ bytesPerSecond: null, isAnswering: false }));
    pacer.spend = () => {
      heldTimes += 1;
      return new Promise(resolve => setImmediate(resolve));
    };
    await fetchFrom({ fileBytes: model.fileBytes, segment: whole(model.fileBytes), pacer });
    expect(heldTimes).toBeGreaterThan(10);
    expect(onDisk(0, model.fileBytes).equals(model.start)).toBe(true);
  });

  it("does not wait for more where the server sends a shorter range, and keeps it", async () => {
    const model = randomModel(4 * MIB);
    hub.serve(PATH, (_, response) => {
      const range = `bytes 0-${MIB - 1}/${model.fileBytes}`;
      response.writeHead(206, { etag: '"stand-in"', "content-range": range, "content-length": MIB });
      // And the connection stays open.
      response.write(model.start.subarray(0, MIB));
    });
    const segment = whole(model.fileBytes);
    await expect(fetchFrom({ fileBytes: model.fileBytes, segment })).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(segment.nextBytes).toBe(MIB);
    expect(onDisk(0, 4 * MIB).equals(model.start.subarray(0, MIB))).toBe(true);
  });

  it("keeps what came before the server closed the connection", async () => {
    const model = randomModel(4 * MIB);
    hub.serve(PATH, model);
    hub.cutAfterBytes = 2 * MIB;
    const segment = whole(model.fileBytes);
    await expect(fetchFrom({ fileBytes: model.fileBytes, segment })).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    expect(segment.nextBytes).toBeGreaterThan(0);
    expect(onDisk(0, 4 * MIB).equals(model.start.subarray(0, segment.nextBytes))).toBe(true);
  });

  it("ends with the disk's own error", async context => {
    context.skip(!existsSync("/dev/full"), "this system has no disk that is always full");
    const model = randomModel(MIB);
    hub.serve(PATH, model);
    const full = await open("/dev/full", "r+");
    const segment = whole(model.fileBytes);
    await expect(fetchFrom({ fileBytes: model.fileBytes, segment, to: full })).rejects.toMatchObject({
      code: "ENOSPC",
    });
    await full.close();
    expect(segment.nextBytes).toBe(0);
  });
});
