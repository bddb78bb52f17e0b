import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { headerOrNeed, type NeedBytes } from "@/lib/gguf/header/header-or-need";
import { joinHeaders } from "@/lib/gguf/header/join-headers";
import type { GgufHeader } from "@/lib/gguf/header/read-header";
import { cutPiece, splitPartNames } from "@/lib/gguf/header/split-name";
import { type FileStart, parseGguf, parseGgufParts } from "@/lib/gguf/parse-gguf";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { ModelFileError } from "./model-file-error";

/** Tells whether a file is still the one that was read. */
export interface FileIdentity {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** Holds the whole header of models with a small vocabulary. The parser asks for more when it needs more. */
const FIRST_READ_BYTES = 512 * 1024;
const MAGIC = "GGUF";

/**
 * Size and time of a regular file.
 *
 * @throws ModelFileError if it is missing, or is a folder, a pipe or a device: none of these is opened
 */
async function identifyFile(path: string): Promise<FileIdentity> {
  const found = await stat(path).catch(cause => {
    throw notReadable(path, cause);
  });
  if (!found.isFile()) throw new ModelFileError("NOT_A_FILE", `${path} is not a regular file.`);
  return { path, bytes: found.size, modifiedAtMs: Math.trunc(found.mtimeMs) };
}

/**
 * The same for a model. For the first part of a split one, it covers all parts.
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
 * Reads only the file's header; for the first part of a split model, the headers of all parts.
 *
 * @throws ModelFileError, GgufFormatError
 */
export async function readGgufProfile(path: string): Promise<ModelProfile> {
  refusePiece(path);
  const { profile, ...first } = await readPart(path);
  if (profile.split === null || profile.split.part > 1) return profile;
  const parts = [first, ...(await readLaterParts(path, first, profile.split.parts))];
  const parsed = parseGgufParts(parts);
  if (parsed.kind === "need") throw endedEarly(path);
  return parsed.profile;
}

/**
 * The header alone, of a file whose meaning may be unknown; of the first part of a split model that of all parts.
 *
 * @throws ModelFileError, GgufFormatError for a file that is no valid GGUF
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  refusePiece(path);
  const names = splitPartNames(basename(path));
  const first = await readHeaderPart(path);
  if (names.length === 1 || names[0] !== basename(path)) return first;
  const later: GgufHeader[] = [];
  for (const name of names.slice(1)) later.push(await readHeaderPart(join(dirname(path), name)));
  return joinHeaders([first, ...later]);
}

/** @throws ModelFileError saying which part is missing. Each part may be a link, as in the cache of the Hugging Face hub. */
async function readLaterParts(path: string, first: FileStart, count: number): Promise<FileStart[]> {
  const names = splitPartNames(basename(path));
  const isNamed = names.length === count && names[0] === basename(path);
  if (!isNamed && (await holdsAnotherFile(path, first)))
    throw new ModelFileError(
      "CORRUPT_MODEL",
      `${path} holds the parts of a split model one after the other, as cat puts them. Each part is a whole file: keep all ${count} beside each other under their own names (…-00001-of-${count.toString().padStart(5, "0")}.gguf), or merge them with llama-gguf-split --merge.`,
    );
  if (!isNamed)
    throw new ModelFileError(
      "CORRUPT_MODEL",
      `${path} is part 1 of ${count}: its name must end in -00001-of-${count.toString().padStart(5, "0")}.gguf, so that the others are found.`,
    );
  const parts: FileStart[] = [];
  for (const [index, name] of names.slice(1).entries()) {
    const part = join(dirname(path), name);
    parts.push(
      await readPart(part).catch(cause => {
        if (!(cause instanceof ModelFileError) || cause.code !== "MODEL_NOT_FOUND") throw cause;
        throw new ModelFileError(
          "MODEL_NOT_FOUND",
          `Part ${index + 2} of ${count} is missing: there is no file ${part}.`,
          {
            cause,
          },
        );
      }),
    );
  }
  return parts;
}

/** Some were split by size before llama.cpp could read split models. */
function refusePiece(path: string): void {
  const piece = cutPiece(basename(path));
  if (piece === null) return;
  const { whole, pieces } = piece;
  throw new ModelFileError(
    "CORRUPT_MODEL",
    `${basename(path)} is a piece of ${whole}, which was cut by size. Join the pieces in its folder: cat ${pieces.join(" ")} > ${whole} (on Windows: copy /b ${pieces.join("+")} ${whole}).`,
  );
}

/** Whether a second GGUF begins where the tensors of the first end. */
async function holdsAnotherFile(path: string, { bytes, fileBytes }: FileStart): Promise<boolean> {
  const header = headerOrNeed(bytes, fileBytes);
  if ("kind" in header) return false;
  const lastBytes = Math.max(0, ...header.tensors.map(tensor => tensor.dataOffsetBytes + tensor.bytes));
  const endBytes = header.headerBytes + lastBytes;
  const paddedBytes = header.headerBytes + Math.ceil(lastBytes / header.alignmentBytes) * header.alignmentBytes;
  return withModelFile(path, async file => {
    for (const offsetBytes of new Set([endBytes, paddedBytes])) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, offsetBytes);
      if (bytesRead === MAGIC.length && buffer.toString("latin1") === MAGIC) return true;
    }
    return false;
  });
}

async function readPart(path: string): Promise<FileStart & { readonly profile: ModelProfile }> {
  const { bytes, fileBytes, parsed } = await readUntilParsed(path, parseGguf);
  return { bytes, fileBytes, profile: parsed.profile };
}

const readHeaderPart = async (path: string): Promise<GgufHeader> => (await readUntilParsed(path, headerOrNeed)).parsed;

/** Reads the file's start, and more of it for as long as the parser asks for more. */
async function readUntilParsed<Parsed extends object>(
  path: string,
  parse: (bytes: Uint8Array, fileBytes: number) => Parsed | NeedBytes,
): Promise<FileStart & { readonly parsed: Parsed }> {
  return withModelFile(path, async (file, fileBytes) => {
    let wantedBytes = Math.min(FIRST_READ_BYTES, fileBytes);
    for (;;) {
      const bytes = await readStart(file, wantedBytes);
      const parsed = parse(bytes, fileBytes);
      if (!isNeed(parsed)) return { bytes, fileBytes, parsed };
      if (parsed.bytes <= bytes.byteLength) throw endedEarly(path);
      wantedBytes = parsed.bytes;
    }
  });
}

const isNeed = <Parsed extends object>(parsed: Parsed | NeedBytes): parsed is NeedBytes =>
  "kind" in parsed && parsed.kind === "need";

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
  // Opened non-blocking and checked again: the name may now be a pipe, and opening a pipe waits for a writer.
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
  const buffer = Buffer.allocUnsafe(wantedBytes);
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
