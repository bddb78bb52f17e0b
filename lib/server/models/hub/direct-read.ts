import type { IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import { KIB } from "@/lib/units/bytes";

/** Most that one read brings. It fits into the cache of a core, where the next step finds it. */
const BUFFER_BYTES = 64 * KIB;

/** @returns what to wait for before the next bytes, or null. The bytes are overwritten as soon as it has returned. */
export type TakeBytes = (bytes: Buffer) => Promise<unknown> | null;

/**
 * Reads the body of one answer, each time into the same memory. A stream makes two buffers of each 64 KiB, one in the socket and
 * one behind the parser of HTTP: garbage that grows to hundreds of MiB before it is cleaned, and new memory that the system has to
 * fill with zeros first.
 */
export class DirectRead {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #socket: Socket | null = null;
  /** null as long as the parser of HTTP reads. Otherwise whether to go on at once. */
  #take: ((bytes: Buffer) => boolean) | null = null;

  /** For the connection whose answer is to be read so. */
  readonly onread: OnReadOpts = {
    buffer: this.#buffer,
    callback: byteCount => {
      const bytes = this.#buffer.subarray(0, byteCount);
      // The parser keeps what it is given.
      return this.#take === null ? this.#socket?.push(Buffer.from(bytes)) === true : this.#take(bytes);
    },
  };

  /** The connection has begun. After a redirect it is another one. */
  use(socket: Socket): void {
    this.#socket = socket;
  }

  /**
   * Hands on the body until it ends or enough has come.
   *
   * @throws what `take` throws, and the connection's error
   */
  readBody(response: IncomingMessage, take: TakeBytes, isEnough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const { socket } = response;
      // Only the parser can tell where chunks end, and which answer ends with its connection.
      const isPlain = response.headers["content-length"] !== undefined;
      const source = isPlain ? socket : response;
      let leftBytes = isPlain ? Number(response.headers["content-length"]) : Number.POSITIVE_INFINITY;
      const isOver = (): boolean => isEnough() || leftBytes <= 0;
      const takeSome = (bytes: Buffer): boolean => {
        leftBytes -= bytes.byteLength;
        try {
          const wait = take(bytes);
          if (wait === null && !isOver()) return true;
          Promise.resolve(wait).then(() => (isOver() ? resolve() : source.resume()), reject);
        } catch (error) {
          reject(error);
        }
        return false;
      };
      response.once("error", reject).once("close", resolve).once("end", resolve);
      if (isPlain) {
        // Comes with the head, and through the parser.
        const first: Buffer | null = response.read();
        this.#take = takeSome;
        if (first === null || takeSome(first)) socket.resume();
        else socket.pause();
      } else
        response.on("data", (bytes: Buffer) => {
          if (!takeSome(bytes)) response.pause();
        });
    });
  }
}
