import { randomUUID } from "node:crypto";
import { type FileHandle, lstat, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { makeFolder } from "@/lib/server/system/make-folder";
import { moveFile } from "@/lib/server/system/move-file";
import { RequestError } from "@/lib/server/system/request-error";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import { formatBytes, MIB } from "@/lib/units/bytes";
import { asDownloadError } from "../downloads/download-error";
import { DownloadFolder } from "../downloads/download-folder";
import { checkFileName } from "../library/check-file-name";

/** More at once would only make each slower. */
const MAX_UPLOADS = 8;
/** A page that was closed sends nothing more. */
const IDLE_MS = 10 * 60 * 1000;
/** A body of unknown length is counted. The web server refuses longer ones that state their length. */
const MAX_PIECE_BYTES = 8 * MIB;
/** The start of the file that is looked at first. */
const FIRST_HEADER_BYTES = 64 * 1024;

interface Upload {
  readonly id: string;
  readonly fileName: string;
  readonly fileBytes: number;
  receivedBytes: number;
  /** The header is read again when so much is here; null once it is known to be sound. */
  headerBytes: number | null;
  isWriting: boolean;
  stopIdle: () => void;
}

interface UploadsOptions {
  readonly modelsFolder: string;
  readonly timers?: Timers;
}

/**
 * Files that a browser copies into the models folder, piece by piece. They grow among the unfinished downloads, where the library does
 * not look, and are renamed into place when they are whole.
 */
export class Uploads {
  readonly #folder: DownloadFolder;
  readonly #timers: Timers;
  readonly #uploads = new Map<string, Upload>();

  constructor({ modelsFolder, timers = systemTimers }: UploadsOptions) {
    this.#folder = new DownloadFolder(modelsFolder);
    this.#timers = timers;
  }

  /**
   * @returns the upload's id
   * @throws RequestError for a name that cannot be, or is there already; DownloadError for a disk that is full or cannot be written to
   */
  async start(fileName: string, fileBytes: number): Promise<string> {
    checkFileName(fileName);
    const known = [...this.#uploads.values()];
    if (known.some(upload => upload.fileName.toLowerCase() === fileName.toLowerCase()))
      throw new RequestError("BUSY", `${fileName} is being copied already.`);
    if (known.length >= MAX_UPLOADS)
      throw new RequestError("BUSY", `${MAX_UPLOADS} files are being copied: wait for one of them.`);
    await this.#refuseExisting(fileName);
    const upload: Upload = {
      id: randomUUID(),
      fileName,
      fileBytes,
      receivedBytes: 0,
      headerBytes: Math.min(fileBytes, FIRST_HEADER_BYTES),
      isWriting: false,
      stopIdle: () => {},
    };
    this.#uploads.set(upload.id, upload);
    try {
      await this.#begin(upload);
    } catch (error) {
      await this.cancel(upload.id).catch(() => {});
      throw this.#explained(error, upload);
    }
    return upload.id;
  }

  /**
   * Takes the next piece.
   *
   * @returns what has come so far, and the name in the library once the file is whole
   * @throws GgufFormatError for a file that is no usable model; then nothing is kept of it. RequestError, DownloadError.
   */
  async append(
    id: string,
    offsetBytes: number,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ receivedBytes: number; name: string | null }> {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new RequestError("NOT_FOUND", "This copy was given up: begin again.");
    if (upload.isWriting) throw new RequestError("BUSY", `A piece of ${upload.fileName} is being written.`);
    if (offsetBytes !== upload.receivedBytes)
      throw new RequestError(
        "INVALID_INPUT",
        `offsetBytes must be ${upload.receivedBytes}, where the last piece ended, not ${offsetBytes}.`,
      );
    upload.isWriting = true;
    upload.stopIdle();
    try {
      await this.#write(upload, bytes);
      if (!this.#uploads.has(id)) throw new RequestError("NOT_FOUND", "This copy was given up: begin again.");
      if (upload.receivedBytes < upload.fileBytes) return { receivedBytes: upload.receivedBytes, name: null };
      await this.#place(upload);
      return { receivedBytes: upload.receivedBytes, name: upload.fileName };
    } catch (error) {
      await this.cancel(id).catch(() => {});
      throw this.#explained(error, upload);
    } finally {
      upload.isWriting = false;
      if (this.#uploads.has(id)) this.#watchIdle(upload);
    }
  }

  /** Does nothing for one that is not there any more. */
  async cancel(id: string): Promise<void> {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return;
    upload.stopIdle();
    this.#uploads.delete(id);
    await rm(this.#partPath(id), { force: true });
    await this.#folder.removeIfEmpty();
  }

  async shutdown(): Promise<void> {
    for (const id of [...this.#uploads.keys()]) await this.cancel(id);
  }

  #partPath(id: string): string {
    return this.#folder.partPath(id, 0);
  }

  async #begin(upload: Upload): Promise<void> {
    const path = this.#partPath(upload.id);
    makeFolder(dirname(path));
    const freeBytes = await this.#folder.freeBytes();
    if (upload.fileBytes > freeBytes)
      throw new RequestError(
        "DISK_FULL",
        `${upload.fileName} has ${formatBytes(upload.fileBytes)}, and the disk of the models folder has room for ${formatBytes(freeBytes)}.`,
      );
    await (await open(path, "wx")).close();
    this.#watchIdle(upload);
  }

  async #write(upload: Upload, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const file = await open(this.#partPath(upload.id), "r+");
    try {
      const startBytes = upload.receivedBytes;
      for await (const chunk of bytes) {
        const endBytes = upload.receivedBytes + chunk.byteLength;
        if (endBytes > upload.fileBytes)
          throw new RequestError(
            "INVALID_INPUT",
            `${upload.fileName} has more bytes than the ${upload.fileBytes} announced.`,
          );
        if (endBytes - startBytes > MAX_PIECE_BYTES)
          throw new RequestError("TOO_LARGE", `A piece is larger than ${formatBytes(MAX_PIECE_BYTES)}.`);
        await file.write(chunk, 0, chunk.byteLength, upload.receivedBytes);
        upload.receivedBytes = endBytes;
      }
      await this.#checkHeader(upload, file);
      if (upload.receivedBytes === upload.fileBytes) await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** A file that is no model is refused as soon as this can be known, not after an hour. */
  async #checkHeader(upload: Upload, file: FileHandle): Promise<void> {
    while (upload.headerBytes !== null && upload.headerBytes <= upload.receivedBytes) {
      const bytes = Buffer.alloc(upload.headerBytes);
      await file.read(bytes, 0, bytes.byteLength, 0);
      const parsed = parseGguf(bytes, upload.fileBytes);
      upload.headerBytes = parsed.kind === "profile" ? null : parsed.bytes;
    }
  }

  async #place(upload: Upload): Promise<void> {
    await this.#refuseExisting(upload.fileName);
    await moveFile(this.#partPath(upload.id), this.#folder.placePath(upload.fileName));
    this.#uploads.delete(upload.id);
    await this.#folder.removeIfEmpty();
  }

  async #refuseExisting(fileName: string): Promise<void> {
    const found = await lstat(this.#folder.placePath(fileName)).catch(() => null);
    if (found !== null)
      throw new RequestError(
        "INVALID_INPUT",
        `There is a file ${fileName} in the models folder already: rename one of the two.`,
      );
  }

  #watchIdle(upload: Upload): void {
    upload.stopIdle = this.#timers.after(IDLE_MS, () => void this.cancel(upload.id).catch(() => {}));
  }

  /** The file system's own errors become sentences about the models folder. */
  #explained(error: unknown, { fileName }: Upload): unknown {
    const isOfSystem = error instanceof Error && "syscall" in error;
    return isOfSystem ? asDownloadError(error, fileName, this.#folder.modelsFolder) : error;
  }
}
