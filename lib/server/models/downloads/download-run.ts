import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { formatBytes, MIB } from "@/lib/units/bytes";
import { checkedRequest, type RequestRules } from "../hub/checked-request";
import { readRemoteHeader } from "../hub/remote-header";
import { DownloadError, lostFile } from "./download-error";
import type { DownloadFolder, DownloadRecord } from "./download-folder";
import { type DownloadTarget, downloadTarget } from "./download-target";
import { hashFile } from "./hash-file";
import { missingBytes, type PartState, refusal, type TransferPace, transferPart } from "./part-transfer";
import type { SpeedLimit } from "./speed-limit";

export interface DownloadRunOptions {
  readonly record: DownloadRecord;
  readonly folder: DownloadFolder;
  readonly endpoint: string;
  readonly rules: RequestRules;
  readonly limit: SpeedLimit;
  readonly pace: TransferPace;
  readonly signal: AbortSignal;
  readonly onState: (state: "starting" | "downloading" | "verifying") => void;
  readonly onBytes: (bytes: number) => void;
}

/** Headroom's own files must still fit when the model is there. */
const RESERVE_BYTES = 64 * MIB;
const SAVE_MS = 1000;

export const receivedBytes = ({ parts }: DownloadRecord): number =>
  (parts ?? []).reduce((sum, part) => sum + part.fileBytes - missingBytes(part), 0);

export const totalBytes = ({ parts }: DownloadRecord): number | null =>
  parts === null ? null : parts.reduce((sum, { fileBytes }) => sum + fileBytes, 0);

/**
 * One go at a download: asks the server and reads the header, fetches what is missing, checks it and puts it in its place.
 * The record always says what is on the disk.
 *
 * @throws DownloadError, RemoteHeaderError, GgufFormatError, the file system's error, or the signal's reason
 */
export async function runDownload(options: DownloadRunOptions): Promise<void> {
  const { record, folder, endpoint, onState } = options;
  const target = downloadTarget(record.source, endpoint);
  onState("starting");
  if (!(await isFolder(folder.modelsFolder))) throw lostFile(target.name, folder.modelsFolder);
  await refuseTaken(target, folder);
  record.parts ??= await askForParts(target, options);
  await refuseWithoutRoom(target.name, options);
  await folder.save(record);
  onState("downloading");
  await fetchParts(target, options);
  onState("verifying");
  await checkParts(target, options);
  await refuseTaken(target, folder);
  options.signal.throwIfAborted();
  await folder.place(
    record.id,
    target.parts.map(({ name }) => name),
  );
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;

/** Another program, or a person, may have put a file there: it is not replaced. */
async function refuseTaken(target: DownloadTarget, folder: DownloadFolder): Promise<void> {
  for (const { name } of target.parts) {
    if ((await stat(folder.placePath(name)).catch(() => null)) === null) continue;
    throw new DownloadError("INVALID_INPUT", "keep", `There is already a file ${name} in the models folder.`, {
      next: "Use that one, or move it away and try again.",
    });
  }
}

/** Size, version and hash of each part. The header of the model is read first: what is no model is not fetched. */
async function askForParts(target: DownloadTarget, options: DownloadRunOptions): Promise<PartState[]> {
  const { record, endpoint, rules, signal } = options;
  const probed: PartState[] = [];
  for (const { url } of target.parts) probed.push(await askForPart(url, options));
  const { token, trustedOrigins } = rules;
  const { parts } = await readRemoteHeader(record.source, { endpoint, token, trustedOrigins, signal });
  for (const [index, { fileBytes, etag }] of parts.entries())
    if (fileBytes !== probed[index]?.fileBytes || etag !== probed[index].etag)
      throw new DownloadError("DOWNLOAD_FAILED", "anew", `${target.name} changed while its header was read.`);
  return probed;
}

async function askForPart(url: URL, { rules, signal }: DownloadRunOptions): Promise<PartState> {
  const answer = await checkedRequest(url, { range: "bytes=0-0" }, rules, signal);
  const { response, linked } = answer;
  const { statusCode = 0, headers } = response;
  response.destroy();
  if (statusCode !== 200 && statusCode !== 206) throw refusal(statusCode, answer.url, url, headers);
  const total = statusCode === 206 ? /\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1] : headers["content-length"];
  const fileBytes = total === undefined ? Number.NaN : Number(total);
  if (!Number.isSafeInteger(fileBytes))
    throw new DownloadError("DOWNLOAD_FAILED", "drop", `${answer.url.host} does not tell the size of the file.`);
  if (linked.fileBytes !== null && linked.fileBytes !== fileBytes)
    throw new DownloadError(
      "DOWNLOAD_FAILED",
      "drop",
      `${url.host} says that the file has ${linked.fileBytes} bytes, but ${answer.url.host} has one of ${fileBytes}.`,
      { next: "Try again later: the two servers do not agree yet." },
    );
  const segments = fileBytes === 0 ? [] : [{ nextBytes: 0, endBytes: fileBytes }];
  return { fileBytes, etag: headers.etag ?? null, sha256: linked.sha256, segments };
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

async function fetchParts(target: DownloadTarget, options: DownloadRunOptions): Promise<void> {
  const { record, folder, rules, limit, pace, onBytes } = options;
  for (const [index, part] of (record.parts ?? []).entries()) {
    const url = target.parts[index]?.url;
    if (url === undefined || missingBytes(part) === 0) continue;
    const path = folder.partPath(record.id, index);
    const isNew = (await stat(path).catch(() => null)) === null;
    // The record outlived its file: what it says was fetched is gone.
    if (isNew && missingBytes(part) < part.fileBytes) throw lostFile(target.name, folder.modelsFolder);
    const guard = new AbortController();
    const signal = AbortSignal.any([options.signal, guard.signal]);
    const stopSaving = saveRegularly(path, target.name, options, guard);
    try {
      await transferPart({ url, path, part, rules, limit, pace, signal, onBytes });
    } finally {
      await stopSaving();
    }
  }
}

/** Writes the record every second, and ends the transfer when its file was deleted: nobody could ever find those bytes. */
function saveRegularly(
  path: string,
  name: string,
  { record, folder }: DownloadRunOptions,
  guard: AbortController,
): () => Promise<void> {
  let saving = Promise.resolve();
  let isSaving = false;
  const save = async (): Promise<void> => {
    isSaving = true;
    try {
      if ((await stat(path).catch(() => null)) === null) throw lostFile(name, folder.modelsFolder);
      await folder.save(record);
    } catch (error) {
      guard.abort(error);
    } finally {
      isSaving = false;
    }
  };
  const timer = setInterval(() => {
    if (!isSaving) saving = save();
  }, SAVE_MS);
  return async () => {
    clearInterval(timer);
    await saving;
  };
}

/** @throws DownloadError for a wrong size or hash; both are on the disk when this returns */
async function checkParts(target: DownloadTarget, { record, folder, signal }: DownloadRunOptions): Promise<void> {
  for (const [index, { fileBytes, sha256 }] of (record.parts ?? []).entries()) {
    const path = folder.partPath(record.id, index);
    const name = basename(target.parts[index]?.name ?? "");
    const file = await open(path, "r+");
    try {
      if ((await file.stat()).size !== fileBytes) throw damaged(name, "does not have the size that was announced");
      await file.datasync();
    } finally {
      await file.close();
    }
    if (sha256 !== null && (await hashFile(path, signal)) !== sha256)
      throw damaged(name, "does not have the sha256 that the hub announced");
  }
}

const damaged = (name: string, what: string): DownloadError =>
  new DownloadError("CORRUPT_MODEL", "drop", `${name} ${what}: it was damaged on the way, and was removed.`, {
    next: "Try again. If it happens again, tell the model's owner or choose another file.",
  });
