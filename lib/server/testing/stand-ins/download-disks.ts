import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Download } from "@/lib/schema/models/download";
import { Downloads } from "@/lib/server/models/downloads/downloads";
import { MIB } from "@/lib/units/bytes";
import { randomModel } from "./random-model";
import { StandInHub } from "./stand-in-hub";

/**
 * Downloads to a disk that becomes full, is read-only, and from which a link leads to another disk. Prints the results as JSON.
 * Arguments: the models folder, on a small disk of its own, and a folder on another one.
 */
const [, , modelsFolder = "", home = ""] = process.argv;
const NAME = "owner/repo/model.gguf";
const ballastPath = join(modelsFolder, "ballast");
const hub = await StandInHub.start();
const file = randomModel(16 * MIB);
hub.serve(`/owner/repo/resolve/main/model.gguf`, file);

const server = (): Downloads =>
  new Downloads({
    modelsFolder,
    limitPath: join(home, "limit.json"),
    endpoint: hub.origin,
    token: null,
    onFailure: () => {},
  });

async function until(downloads: Downloads, isReached: (download: Download) => boolean): Promise<Download> {
  for (let looks = 0; looks < 3000; looks++) {
    const [download] = downloads.list();
    if (download !== undefined && isReached(download)) return download;
    await sleep(5);
  }
  throw new Error(`It did not come so far: ${JSON.stringify(downloads.list())}`);
}

const isOver = ({ state }: Download): boolean => state === "done" || state === "failed";

/** What a person would read. */
async function outcome(downloads: Downloads): Promise<string> {
  const download = await until(downloads, isOver);
  return download.state === "failed"
    ? `${download.error.code}: ${download.error.message} ${download.error.next}`
    : "done";
}

function fill(): void {
  const handle = openSync(ballastPath, "a");
  for (const bytes of [MIB, 4096, 1]) while (takes(handle, bytes));
  closeSync(handle);
}

function takes(handle: number, bytes: number): boolean {
  try {
    return writeSync(handle, Buffer.alloc(bytes)) === bytes;
  } catch {
    return false;
  }
}

const remount = (mode: "ro" | "rw") => execFileSync("mount", ["-o", `remount,${mode}`, modelsFolder]);
const left = (): string[] => readdirSync(modelsFolder).sort();
const isWhole = (): boolean => readFileSync(join(modelsFolder, NAME)).equals(file.start);

async function resume(downloads: Downloads): Promise<string> {
  const [download] = downloads.list();
  await downloads.command(download?.id ?? "", "resume");
  return outcome(downloads);
}

async function full() {
  hub.line = { windowBytes: MIB, roundTripMs: 20 };
  const before = server();
  await before.start(`hf:${NAME}`);
  await until(before, ({ receivedBytes }) => receivedBytes > MIB);
  fill();
  const inTheMiddle = await outcome(before);
  await before.shutdown();
  hub.line = null;
  // What is on a full disk is found again.
  const after = server();
  await after.continueEarlier();
  const [kept] = after.list();
  const keptBytes = kept?.receivedBytes ?? 0;
  rmSync(ballastPath);
  const sentBytes = hub.sentBytes;
  const withRoom = await resume(after);
  const isAllAnew = hub.sentBytes - sentBytes >= file.fileBytes;
  await after.shutdown();
  return {
    inTheMiddle,
    keptState: kept?.state,
    hasKept: keptBytes > 0,
    withRoom,
    isAllAnew,
    isWhole: isWhole(),
    left: left(),
  };
}

async function readOnly() {
  rmSync(join(modelsFolder, "owner"), { recursive: true });
  remount("ro");
  const downloads = server();
  await downloads.start(`hf:${NAME}`);
  const refused = await outcome(downloads);
  remount("rw");
  const allowed = await resume(downloads);
  await downloads.shutdown();
  return { refused, allowed, isWhole: isWhole(), left: left() };
}

async function linkToAnotherDisk() {
  rmSync(join(modelsFolder, "owner"), { recursive: true });
  mkdirSync(join(home, "elsewhere"));
  symlinkSync(join(home, "elsewhere"), join(modelsFolder, "owner"));
  const downloads = server();
  await downloads.start(`hf:${NAME}`);
  const refused = await outcome(downloads);
  rmSync(join(modelsFolder, "owner"));
  const sentBytes = hub.sentBytes;
  const withoutLink = await resume(downloads);
  const isFetchedAgain = hub.sentBytes - sentBytes > MIB;
  await downloads.shutdown();
  return { refused, withoutLink, isFetchedAgain, isWhole: isWhole(), left: left() };
}

console.log(JSON.stringify({ full: await full(), readOnly: await readOnly(), linked: await linkToAnotherDisk() }));
await hub.stop();
process.exit(0);
