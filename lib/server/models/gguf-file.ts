import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { type FileStart, parseGguf, parseGgufParts } from "@/lib/gguf/parse-gguf";
import { splitPartNames } from "@/lib/gguf/split-name";
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
async function identifyFile(path: string): Promise<FileIdentity> {
  const found = await stat(path).catch(cause => {
    throw notReadable(path, cause);
  });
  if (!found.isFile()) throw new ModelFileError("NOT_A_FILE", `${path} is not a regular file.`);
  return { path, bytes: found.size, modifiedAtMs: Math.trunc(found.mtimeMs) };
}

/**
 * The same for a model: of a split one, given its first part, all parts that are there together.
 *
 * @throws ModelFileError
 */
export async function identifyModel(path: string): Promise<FileIdentity> {
  const first = await identifyFile(path);
  const names = splitPartNames(basename(path));
  if (names[0] !== basename(path)) return first;
  const later = await Promise.all(
    names.slice(1).map(name => identifyFile(join(dirname(path), name)).catch(() => null)),
  );
  const parts = [first, ...later].filter(part => part !== null);
  return {
    path,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    modifiedAtMs: Math.max(...parts.map(part => part.modifiedAtMs)),
  };
}

/**
 * Reads no more of the file than its header; of a split model, given its first part, the headers of all parts.
 *
 * @throws ModelFileError, GgufFormatError
 */
export async function readGgufProfile(path: string): Promise<ModelProfile> {
  const { profile, ...first } = await readPart(path);
  if (profile.split === null || profile.split.part > 1) return profile;
  const parts = [first, ...(await readLaterParts(path, profile.split.parts))];
  const parsed = parseGgufParts(parts);
  if (parsed.kind === "need") throw endedEarly(path);
  return parsed.profile;
}

/** @throws ModelFileError saying which part is missing, or lies elsewhere: a link must not lead out of the models folder */
async function readLaterParts(path: string, count: number): Promise<FileStart[]> {
  const names = splitPartNames(basename(path));
  if (names.length !== count || names[0] !== basename(path))
    throw new ModelFileError(
      "CORRUPT_MODEL",
      `${path} is part 1 of ${count}: its name must end in -00001-of-${count.toString().padStart(5, "0")}.gguf, so that the others are found.`,
    );
  const folder = dirname(await realpath(path));
  const parts: FileStart[] = [];
  for (const [index, name] of names.slice(1).entries()) {
    const part = join(dirname(path), name);
    const real = await realpath(part).catch(cause => {
      throw new ModelFileError(
        "MODEL_NOT_FOUND",
        `Part ${index + 2} of ${count} is missing: there is no file ${part}.`,
        {
          cause,
        },
      );
    });
    if (dirname(real) !== folder)
      throw new ModelFileError("INVALID_INPUT", `${part} is a link to another folder than the first part's.`);
    parts.push(await readPart(part));
  }
  return parts;
}

async function readPart(path: string): Promise<FileStart & { readonly profile: ModelProfile }> {
  return withModelFile(path, async (file, fileBytes) => {
    let wantedBytes = Math.min(FIRST_READ_BYTES, fileBytes);
    for (;;) {
      const bytes = await readStart(file, wantedBytes);
      const parsed = parseGguf(bytes, fileBytes);
      if (parsed.kind === "profile") return { bytes, fileBytes, profile: parsed.profile };
      if (parsed.bytes <= bytes.byteLength) throw endedEarly(path);
      wantedBytes = parsed.bytes;
    }
  });
}

const endedEarly = (path: string): ModelFileError =>
  new ModelFileError("CORRUPT_MODEL", `${path} ended while its header was being read.`);

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
