import { rmSync } from "node:fs";
import { join } from "node:path";
import { modelShape } from "@/lib/gguf/testing/model-shapes";
import { KnownProfiles } from "@/lib/server/models/hub/known-profiles";
import { RemoteHeaderStore } from "@/lib/server/models/hub/remote-header-store";
import { RemoteModels } from "@/lib/server/models/hub/remote-models";
import { fitRepository } from "@/lib/server/planning/fit-repository";
import { makeHome, makeHostRig } from "@/lib/server/testing/host-rig";
import { quantizedFiles } from "@/lib/server/testing/stand-ins/quantized-files";
import { type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { bytesToMib, MIB } from "@/lib/units/bytes";
import { printTable } from "./measure/print-table";

const LATENCY_MS = 100;
const REPOSITORY = "owner/repo";

interface HubCase {
  readonly name: string;
  readonly files: Readonly<Record<string, StandInFile>>;
  readonly goalMs: number | null;
  readonly goalBytes: number;
}

interface HubRow {
  readonly name: string;
  readonly planned: number;
  readonly elapsedMs: number;
  readonly goalMs: number | null;
  readonly sentBytes: number;
  readonly goalBytes: number;
  /** What reading each header whole would take. */
  readonly wholeBytes: number;
  readonly requests: number;
}

/** Vocabularies have about the length of the real ones: a header has 7 to 14 MB. */
const llama = (copies: number) => quantizedFiles(modelShape("llama-3.1-8b").gguf, { stem: "llama", copies });

function cases(): HubCase[] {
  const some = (files: Readonly<Record<string, StandInFile>>, count: number) =>
    Object.fromEntries(Object.entries(files).slice(0, count));
  const qwen = quantizedFiles(modelShape("qwen3-8b").gguf, { stem: "qwen", tokens: 151_936, copies: 2 });
  return [
    { name: "20 quantizations of one model", files: some(llama(4), 20), goalMs: null, goalBytes: 12 * MIB },
    { name: "30 quantizations of one model", files: llama(5), goalMs: 4000, goalBytes: 40 * MIB },
    { name: "30 files of two models", files: { ...llama(3), ...qwen }, goalMs: 4000, goalBytes: 40 * MIB },
  ];
}

/**
 * What it costs to know how every file of a repository would run: time and bytes against a hub on this computer that answers each
 * request 100 ms late and sends files from a second host, as the real one does.
 */
export async function benchHub({ json }: { readonly json: boolean }): Promise<void> {
  const rows: HubRow[] = [];
  for (const one of cases()) rows.push(await measure(one));
  if (json) console.log(JSON.stringify({ latencyMs: LATENCY_MS, rows }));
  else print(rows);
}

async function measure({ name, files, goalMs, goalBytes }: HubCase): Promise<HubRow> {
  const [hub, content] = [await StandInHub.start(), await StandInHub.start()];
  const home = makeHome();
  try {
    hub.serveRepository(REPOSITORY, files);
    for (const [path, file] of Object.entries(files)) {
      content.serve(`/${path}`, file);
      hub.serve(`/${REPOSITORY}/resolve/main/${path}`, (_, response) => {
        response.writeHead(302, { location: `${content.origin}/${path}` }).end();
      });
    }
    hub.latencyMs = LATENCY_MS;
    content.latencyMs = LATENCY_MS;
    const beganMs = performance.now();
    const planned = await planAll(home, hub, content);
    return {
      name,
      planned,
      elapsedMs: performance.now() - beganMs,
      goalMs,
      sentBytes: hub.sentBytes + content.sentBytes,
      goalBytes,
      wholeBytes: Object.values(files).reduce((sum, { start }) => sum + start.byteLength, 0),
      requests: hub.seen.length + content.seen.length,
    };
  } finally {
    await Promise.all([hub.stop(), content.stop()]);
    rmSync(home, { recursive: true, force: true });
  }
}

/** @returns the number of files that have a plan */
async function planAll(home: string, hub: StandInHub, content: StandInHub): Promise<number> {
  const { planner, gpu, machineSpeed, current } = makeHostRig({ home });
  const remoteModels = new RemoteModels({
    store: new RemoteHeaderStore(join(home, "remote")),
    profiles: new KnownProfiles({ folder: join(home, "profiles"), version: "1" }),
    endpoint: hub.origin,
    token: null,
    trustedOrigins: [content.origin],
  });
  const services = {
    planner,
    gpu,
    machineSpeed,
    remoteModels,
    settings: { read: () => current.settings },
    engine: { pid: null },
  };
  let planned = 0;
  const query = { repository: REPOSITORY, most: 120 };
  for await (const event of fitRepository(services, query, new AbortController().signal))
    if (event.kind === "file" && event.file.plan !== null) planned += 1;
  return planned;
}

function print(rows: readonly HubRow[]): void {
  console.log(`A hub on this computer, ${LATENCY_MS} ms before each answer, files behind a redirect`);
  const mib = (bytes: number) => `${bytesToMib(bytes).toFixed(1)} MiB`;
  printTable(
    ["repository", "planned", "time", "goal", "read", "goal", "of whole headers", "requests"],
    rows.map(({ name, planned, elapsedMs, goalMs, sentBytes, goalBytes, wholeBytes, requests }) => [
      name,
      String(planned),
      `${(elapsedMs / 1000).toFixed(2)} s`,
      goalMs === null ? "" : `${goalMs / 1000} s`,
      mib(sentBytes),
      mib(goalBytes),
      `${((100 * sentBytes) / wholeBytes).toFixed(0)} %`,
      String(requests),
    ]),
  );
}
