import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file with only its first bytes; the rest reads as zeros. */
export interface StandInFile {
  readonly start: Uint8Array;
  readonly fileBytes: number;
  /** "stand-in" unless given. */
  readonly etag?: string;
}

/** How one connection behaves: at most `windowBytes` are on the way in a round trip, as on a long line. */
export interface StandInLine {
  readonly windowBytes: number;
  readonly roundTripMs: number;
}

export interface SeenRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Answers instead of serving a file. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse) => void;

const sendJson =
  (value: unknown): Misbehave =>
  (_request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));

/** A body of spaces that never ends. */
export const endless: Misbehave = (_request, response) => {
  const more = (): void => {
    while (response.write(Buffer.alloc(65_536, 32)));
    response.once("drain", more);
  };
  more();
};

const CHUNK_BYTES = 64 * 1024;

/** A hub on this computer: serves files by range like the real one, or misbehaves as told, and records the requests. */
export class StandInHub {
  readonly seen: SeenRequest[] = [];
  /** Body bytes handed to the network. */
  sentBytes = 0;
  /** Before each answer, as on a long way to the server. */
  latencyMs = 0;
  /** null: as fast as the other side reads. */
  line: StandInLine | null = null;
  /** Each answer is broken off after this many bytes of its body. */
  cutAfterBytes: number | null = null;
  readonly #files = new Map<string, StandInFile | Misbehave>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** @param port any free one unless given: a hub that was away comes back at its own */
  static async start(port = 0): Promise<StandInHub> {
    const hub = new StandInHub();
    await new Promise<void>(resolve => hub.#server.listen(port, "127.0.0.1", resolve));
    return hub;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The hub does not listen.");
    return address.port;
  }

  /** The list of files that the hub's API gives for a repository. */
  serveTree(repository: string, files: Readonly<Record<string, number>>, revision = "main"): void {
    const tree = Object.entries(files).map(([path, size]) => ({ type: "file", oid: "0", path, size }));
    this.serve(`/api/models/${repository}/tree/${revision}`, sendJson(tree));
  }

  /** The list of files of a repository, with nothing but their hashes. */
  serveHashes(repository: string, hashes: Readonly<Record<string, string>>, revision = "main"): void {
    const tree = Object.entries(hashes).map(([path, oid]) => ({ type: "file", path, size: 1, lfs: { oid } }));
    this.serve(`/api/models/${repository}/tree/${revision}`, sendJson(tree));
  }

  /**
   * A repository as the real hub lists it: each file in LFS, with the sha256 of its content.
   *
   * @param hashOf what the list says
   */
  serveRepository(
    repository: string,
    files: Readonly<Record<string, StandInFile>>,
    hashOf: (file: StandInFile) => string = listedHash,
  ): void {
    const tree = Object.entries(files).map(([path, { start, fileBytes }]) => {
      const oid = hashOf({ start, fileBytes });
      this.serve(`/${repository}/resolve/main/${path}`, { start, fileBytes });
      return { type: "file", oid: "0", path, size: fileBytes, lfs: { oid, size: fileBytes, pointerSize: 135 } };
    });
    this.serve(`/api/models/${repository}/tree/main`, sendJson(tree));
  }

  /** What the hub's search finds, whatever is searched for. */
  serveSearch(found: readonly unknown[]): void {
    this.serve("/api/models", sendJson(found));
  }

  /**
   * A large file as the hub serves it: its own answer leads to another server, and says hash and size.
   *
   * @param sha256 that the hub announces; the true one unless given
   */
  serveLinked(path: string, file: StandInFile, cdn: StandInHub, sha256 = sha256Of(file)): void {
    cdn.serve(path, file);
    this.serve(path, (_request, response) =>
      response
        .writeHead(302, {
          location: `${cdn.origin}${path}`,
          "x-linked-etag": `"${sha256}"`,
          "x-linked-size": file.fileBytes,
          "x-repo-commit": "0".repeat(40),
        })
        .end(),
    );
  }

  /** @param path as in the address, such as "/owner/repo/resolve/main/model.gguf" */
  serve(path: string, file: StandInFile | Misbehave): void {
    this.#files.set(path, file);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.latencyMs > 0) setTimeout(() => this.#answerNow(request, response), this.latencyMs);
    else this.#answerNow(request, response);
  }

  #answerNow(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    const { range, authorization } = request.headers;
    this.seen.push({ path, range, authorization });
    const file = this.#files.get(path) ?? this.#files.get(path.split("?")[0] ?? "");
    if (file === undefined) response.writeHead(404).end("Entry not found");
    else if (typeof file === "function") file(request, response);
    else this.sendRange(file, range, response);
  }

  sendRange(file: StandInFile, range: string | undefined, response: ServerResponse): void {
    const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    const etag = `"${file.etag ?? "stand-in"}"`;
    const condition = response.req.headers["if-range"];
    if (match === null || (condition !== undefined && condition !== etag)) {
      response.writeHead(200, { "content-length": file.fileBytes, etag });
      this.#send(file, 0, file.fileBytes, response);
      return;
    }
    const startBytes = Number(match[1]);
    const endBytes = Math.min(file.fileBytes, Number(match[2]) + 1);
    response.writeHead(206, {
      "content-length": endBytes - startBytes,
      "content-range": `bytes ${startBytes}-${endBytes - 1}/${file.fileBytes}`,
      etag,
    });
    this.#send(file, startBytes, endBytes, response);
  }

  /** Sent piece by piece, as fast as the other side reads, so that a file may be larger than memory. */
  #send(file: StandInFile, startBytes: number, endBytes: number, response: ServerResponse): void {
    const cutBytes = startBytes + (this.cutAfterBytes ?? Number.POSITIVE_INFINITY);
    let offsetBytes = startBytes;
    let windowBytes = 0;
    const sendMore = (): void => {
      while (offsetBytes < endBytes) {
        if (offsetBytes >= cutBytes) {
          response.destroy();
          return;
        }
        const nextBytes = Math.min(endBytes, cutBytes, offsetBytes + CHUNK_BYTES);
        const chunk = pieceOf(file, offsetBytes, nextBytes);
        offsetBytes = nextBytes;
        this.sentBytes += chunk.byteLength;
        windowBytes += chunk.byteLength;
        if (this.line !== null && windowBytes >= this.line.windowBytes) {
          windowBytes = 0;
          response.write(chunk);
          setTimeout(sendMore, this.line.roundTripMs);
          return;
        }
        if (!response.write(chunk)) {
          response.once("drain", sendMore);
          return;
        }
      }
      response.end();
    };
    // Setting up a connection takes a round trip as well.
    if (this.line === null) sendMore();
    else setTimeout(sendMore, this.line.roundTripMs);
  }
}

/** Larger ones of which only the header is given are planned in tests and never fetched: hashing them would take seconds. */
const MOST_HASHED_BYTES = 64 * 1024 * 1024;

/** The true one, or for such a file one that changes with the content as well. */
function listedHash(file: StandInFile): string {
  const isFetched = file.fileBytes <= MOST_HASHED_BYTES || file.start.byteLength === file.fileBytes;
  return isFetched
    ? sha256Of(file)
    : createHash("sha256").update(file.start).update(String(file.fileBytes)).digest("hex");
}

const zeros = Buffer.alloc(CHUNK_BYTES);

function pieceOf(file: StandInFile, startBytes: number, endBytes: number): Buffer {
  if (startBytes >= file.start.byteLength) return zeros.subarray(0, endBytes - startBytes);
  const piece = Buffer.alloc(endBytes - startBytes);
  piece.set(file.start.subarray(startBytes, endBytes));
  return piece;
}

/** Of the whole file, in hex. */
export function sha256Of(file: StandInFile): string {
  const hash = createHash("sha256");
  for (let offsetBytes = 0; offsetBytes < file.fileBytes; offsetBytes += CHUNK_BYTES)
    hash.update(pieceOf(file, offsetBytes, Math.min(file.fileBytes, offsetBytes + CHUNK_BYTES)));
  return hash.digest("hex");
}
