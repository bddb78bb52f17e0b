import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { makeSparse } from "@/lib/server/system/make-sparse";
import { formatBytes, MIB } from "@/lib/units/bytes";
import type { RequestRules } from "../hub/checked-request";
import { askForParts } from "./ask-for-parts";
import { DownloadError, lostFile } from "./download-error";
import type { DownloadFolder, DownloadRecord } from "./download-folder";
import { type DownloadTarget, downloadTarget } from "./download-target";
import type { Pacer } from "./pacer";
import { missingBytes, type PartState, unbrokenBytes } from "./part-state";
import { RunningHash } from "./running-hash";
import type { TransferOptions, TransferPace } from "./transfer-options";

export interface DownloadRunOptions {
  readonly record: DownloadRecord;
  readonly folder: DownloadFolder;
  readonly endpoint: string;
  readonly rules: RequestRules;
  readonly limit: Pacer;
  readonly pace: TransferPace;
  readonly transfer: (options: TransferOptions) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onState: (state: "starting" | "downloading" | "verifying") => void;
  readonly onBytes: (bytes: number) => void;
}

/** Headroom's own files must still fit when the model is there. */
const RESERVE_BYTES = 64 * MIB;

/**
 * One go at a download: asks the server and reads the header, fetches what is missing, checks it and puts it in its place.
 * The record always says what is on the disk.
 *
 * @throws DownloadError, RemoteHeaderError, GgufFormatError, the file system's error, or the signal's reason
 */
export async function runDownload(options: DownloadRunOptions): Promise<void> {
  const { record, folder, endpoint, signal, onState } = options;
  const target = downloadTarget(record.source, endpoint);
  onState("starting");
  if (!(await isThere(folder.modelsFolder))) throw lostFile(target.name, folder.modelsFolder);
  await refuseTaken(target, folder);
  record.parts ??= await askForParts(target, options);
  await refuseWithoutRoom(target.name, options);
  await folder.save(record);
  for (const [index, part] of record.parts.entries()) await fetchAndCheck(part, index, target, options);
  await refuseTaken(target, folder);
  signal.throwIfAborted();
  await folder.place(
    record.id,
    target.parts.map(({ name }) => name),
  );
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Another program, or a person, may have put a file there: it is not replaced. */
async function refuseTaken(target: DownloadTarget, folder: DownloadFolder): Promise<void> {
  for (const { name } of target.parts) {
    if (!(await isThere(folder.placePath(name)))) continue;
    throw new DownloadError("INVALID_INPUT", "keep", `There is already a file ${name} in the models folder.`, {
      next: "Use that one, or move it away and try again.",
    });
  }
}

async function refuseWithoutRoom(name: string, { record, folder }: DownloadRunOptions): Promise<void> {
  const needBytes = (record.parts ?? []).reduce((sum, part) => sum + missingBytes(part), 0) + RESERVE_BYTES;
  const freeBytes = await folder.freeBytes();
  if (freeBytes >= needBytes) return;
  throw new DownloadError(
    "DISK_FULL",
    "keep",
    `${name} needs ${formatBytes(needBytes)} on the disk of the models folder, and ${formatBytes(freeBytes)} are free.`,
    { next: `Free ${formatBytes(needBytes - freeBytes)}, then try again.` },
  );
}

async function fetchAndCheck(
  part: PartState,
  index: number,
  target: DownloadTarget,
  options: DownloadRunOptions,
): Promise<void> {
  const path = options.folder.partPath(options.record.id, index);
  const hash = part.sha256 === null ? null : new RunningHash(path);
  try {
    if (missingBytes(part) > 0) await fetchPart(part, index, path, hash, target, options);
    options.onState("verifying");
    await checkPart(part, path, hash, basename(target.parts[index]?.name ?? ""), options.signal);
  } finally {
    hash?.end();
  }
}

async function fetchPart(
  part: PartState,
  index: number,
  path: string,
  hash: RunningHash | null,
  target: DownloadTarget,
  options: DownloadRunOptions,
): Promise<void> {
  const { folder, rules, limit, pace, transfer } = options;
  const url = target.parts[index]?.url;
  if (url === undefined) return;
  options.onState("downloading");
  // The record outlived its file: what it says was fetched is gone.
  if (missingBytes(part) < part.fileBytes && !(await isThere(path))) throw lostFile(target.name, folder.modelsFolder);
  // Made here, because the guard below looks for it from now on.
  const isNew = !(await isThere(path));
  await (await open(path, "a")).close();
  // Several connections write at several places of it.
  if (isNew) await makeSparse(path);
  const guard = new AbortController();
  const signal = AbortSignal.any([options.signal, guard.signal]);
  const notes = noteRegularly(path, target.name, options, guard);
  const onBytes = (bytes: number) => {
    hash?.upTo(unbrokenBytes(part));
    notes.came(bytes);
    options.onBytes(bytes);
  };
  try {
    await transfer({ url, path, part, rules, limit, pace, signal, onBytes });
  } finally {
    await notes.stop();
  }
}

interface Notes {
  came(bytes: number): void;
  stop(): Promise<void>;
}

/** Notes again and again what has come, and ends the transfer when its file was deleted: nobody could ever find those bytes. */
function noteRegularly(
  path: string,
  name: string,
  { record, folder, pace }: DownloadRunOptions,
  guard: AbortController,
): Notes {
  let noting = Promise.resolve();
  let isNoting = false;
  let unnotedBytes = 0;
  const note = async (): Promise<void> => {
    isNoting = true;
    try {
      do {
        unnotedBytes = 0;
        if (!(await isThere(path))) throw lostFile(name, folder.modelsFolder);
        await folder.note(record);
      } while (unnotedBytes >= pace.noteBytes);
    } catch (error) {
      guard.abort(error);
    } finally {
      isNoting = false;
    }
  };
  const begin = (): void => {
    if (!isNoting) noting = note();
  };
  const timer = setInterval(begin, pace.noteMs);
  return {
    came: bytes => {
      unnotedBytes += Math.abs(bytes);
      if (unnotedBytes >= pace.noteBytes) begin();
    },
    stop: async () => {
      clearInterval(timer);
      await noting;
    },
  };
}

/** @throws DownloadError for a wrong size or hash; the file is on the disk when this returns */
async function checkPart(
  { fileBytes, sha256 }: PartState,
  path: string,
  hash: RunningHash | null,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, "r+");
  try {
    if ((await file.stat()).size !== fileBytes) throw damaged(name, "does not have the size that was announced");
    // Both take their time: the disk and the processor.
    const [found] = await Promise.all([hash?.digest(fileBytes, signal) ?? null, file.datasync()]);
    if (found !== sha256) throw damaged(name, "does not have the sha256 that the hub announced");
  } finally {
    await file.close();
  }
}

const damaged = (name: string, what: string): DownloadError =>
  new DownloadError("CORRUPT_MODEL", "drop", `${name} ${what}: it was damaged on the way, and was removed.`, {
    next: "Try again. If it happens again, tell the model's owner or choose another file.",
  });
