import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { ModelFileError } from "./model-file-error";

/** Tells whether a file is still the one that was read. */
export interface FileIdentity {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** Holds the whole header of models with a small vocabulary; the parser asks for more where it needs more. */
const FIRST_READ_BYTES = 512 * 1024;
const MAGIC = "GGUF";

/**
 * Size and time of a regular file.
 *
 * @throws ModelFileError for what is missing, or is a folder, a pipe or a device: none of these is opened
 */
export async function identifyFile(path: string): Promise<FileIdentity> {
  const found = await stat(path).catch(cause => {
    throw notReadable(path, cause);
  });
  if (!found.isFile()) throw new ModelFileError("NOT_A_FILE", `${path} is not a regular file.`);
  return { path, bytes: found.size, modifiedAtMs: Math.trunc(found.mtimeMs) };
}

/**
 * Reads no more of the file than its header.
 *
 * @throws ModelFileError, GgufFormatError
 */
export async function readGgufProfile(path: string): Promise<ModelProfile> {
  return withModelFile(path, async (file, fileBytes) => {
    let wantedBytes = Math.min(FIRST_READ_BYTES, fileBytes);
    for (;;) {
      const bytes = await readStart(file, wantedBytes);
      const parsed = parseGguf(bytes, fileBytes);
      if (parsed.kind === "profile") return parsed.profile;
      if (parsed.bytes <= bytes.byteLength)
        throw new ModelFileError("CORRUPT_MODEL", `${path} ended while its header was being read.`);
      wantedBytes = parsed.bytes;
    }
  });
}

/** Whether this is a regular file that begins like a GGUF; never throws. */
export async function startsLikeGguf(path: string): Promise<boolean> {
  const isMagic = async (file: FileHandle) => (await readStart(file, MAGIC.length)).toString("latin1") === MAGIC;
  return withModelFile(path, isMagic).catch(() => false);
}

async function withModelFile<Result>(
  path: string,
  use: (file: FileHandle, fileBytes: number) => Promise<Result>,
): Promise<Result> {
  await identifyFile(path);
  // Non-blocking, and checked again: the name may have become a pipe since, and opening one waits for a writer.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(cause => {
    throw notReadable(path, cause);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new ModelFileError("NOT_A_FILE", `${path} is not a regular file.`);
    return await use(file, found.size);
  } finally {
    await file.close();
  }
}

async function readStart(file: FileHandle, wantedBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(wantedBytes);
  let doneBytes = 0;
  while (doneBytes < wantedBytes) {
    const { bytesRead } = await file.read(buffer, doneBytes, wantedBytes - doneBytes, doneBytes);
    if (bytesRead === 0) break;
    doneBytes += bytesRead;
  }
  return buffer.subarray(0, doneBytes);
}

const missingCodes: readonly unknown[] = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"];

function notReadable(path: string, cause: NodeJS.ErrnoException): ModelFileError {
  return missingCodes.includes(cause.code)
    ? new ModelFileError("MODEL_NOT_FOUND", `There is no file ${path}.`, { cause })
    : new ModelFileError("NOT_A_FILE", `${path} cannot be read (${cause.code ?? "unknown cause"}).`, { cause });
}
