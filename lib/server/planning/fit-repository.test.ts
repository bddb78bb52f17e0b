import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { FitEvent, FitFile } from "@/lib/schema/models/remote-models";
import { KnownProfiles } from "@/lib/server/models/hub/known-profiles";
import { RemoteHeaderStore } from "@/lib/server/models/hub/remote-header-store";
import { RemoteModels } from "@/lib/server/models/hub/remote-models";
import { card, makeHome, makeHostRig, reportOf, truthOf } from "@/lib/server/testing/host-rig";
import { quantizedFiles } from "@/lib/server/testing/stand-ins/quantized-files";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { GIB } from "@/lib/units/bytes";
import { fitRepository } from "./fit-repository";
import { listLibrary } from "./list-library";

let hub: StandInHub;
let home: string;
beforeEach(async () => {
  hub = await StandInHub.start();
  home = makeHome();
});
afterEach(() => hub.stop());

const eightGib = { ...card, totalBytes: 8 * GIB, usedByOthersBytes: GIB, freeBytes: 7 * GIB };

function servicesOf(settings: Parameters<typeof makeHostRig>[0] = {}) {
  const rig = makeHostRig({ home, ...settings });
  const remoteModels = new RemoteModels({
    store: new RemoteHeaderStore(join(home, "remote")),
    profiles: new KnownProfiles({ folder: join(home, "profiles"), version: "1" }),
    endpoint: hub.origin,
    token: null,
    timeLimitMs: 5000,
  });
  const gpu = { read: async () => reportOf(eightGib) };
  return { ...rig, gpu, remoteModels, settings: { read: () => rig.current.settings }, engine: { pid: null } };
}

async function fitsOf(services: ReturnType<typeof servicesOf>, choices = {}, most = 120) {
  const events: FitEvent[] = [];
  const query = { repository: "owner/repo", most, ...choices };
  for await (const event of fitRepository(services, query, new AbortController().signal)) events.push(event);
  const files = events.flatMap(event => (event.kind === "file" ? [event.file] : []));
  const [list] = events;
  if (list?.kind !== "list") throw new Error("the list does not come first");
  return { events, list, files };
}

const fileOf = (id: string): StandInFile => {
  const { header, fileBytes } = shapeFile(modelShape(id));
  return { start: header, fileBytes };
};

/** Puts the file where a download puts it; its weights are holes. */
function download(name: string, { start, fileBytes }: StandInFile): void {
  const path = join(home, "models", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, start);
  truncateSync(path, fileBytes);
}

const SHAPES = [
  "llama-2-7b",
  "qwen3-0.6b",
  "gemma-3-12b",
  "qwen3-30b-a3b",
  "deepseek-v2-lite",
  "granite-4.0-h-tiny",
  "gpt-oss-20b",
  "mamba-2.8b",
  "openelm-270m",
];

describe("the fit of a file that is elsewhere is its plan after the download", () => {
  it("for dense, tied, sliding-window, MoE, MLA, hybrid, recurrent and split models, at two contexts", async () => {
    const split = splitInThree(modelShape("llama-3.1-8b").gguf);
    const files: Record<string, StandInFile> = Object.fromEntries([
      ...SHAPES.map(id => [`${id}.gguf`, fileOf(id)] as const),
      ...split.map((file, index) => [partName("split", index + 1), file] as const),
    ]);
    hub.serveRepository("owner/repo", files);
    for (const [name, file] of Object.entries(files)) download(`owner/repo/${name}`, file);
    const services = servicesOf();
    for (const choices of [
      { N_CTX: 4096, KV_CACHE_QUANT: "f16", TARGET_VRAM_USAGE: 0.8 },
      { N_CTX: 32_768, KV_CACHE_QUANT: "q8_0", TARGET_VRAM_USAGE: 0.9 },
    ] as const) {
      const { files: fits } = await fitsOf(services, choices);
      expect(fits).toHaveLength(SHAPES.length + 1);
      const readFor = (MODEL: string) => ({ ...services.current.settings, ...choices, MODEL });
      const library = await listLibrary({ ...services, settings: { readFor } });
      for (const { name, plan, problem } of fits) {
        const MODEL = `owner/repo/${name}`;
        expect(problem).toBeNull();
        const after = await services.planner.knownPlanFor(readFor(MODEL), reportOf(eightGib));
        // Badge and speed are the library's, and the memory is the loaded plan's, to the byte.
        const { predicted, ram } = after.plan;
        const badge = library.find(model => model.name === MODEL)?.plan;
        expect(badge?.speed).toBeDefined();
        expect({ name, ...plan }).toEqual({ name, ...badge, predicted, ram });
      }
    }
    expect((await fitsOf(services)).files.find(({ parts }) => parts === 3)?.plan?.totalLayers).toBe(33);
  });
});

describe("a file whose dry run was made", () => {
  const SOURCE = "hf:owner/repo/m-Q4_0.gguf";
  const DOWNLOADED = "owner/repo/m-Q4_0.gguf";
  const file = fileOf("mistral-7b-v0.1");
  const rigOf = () => servicesOf({ hub: hub.origin, script: { truth: truthOf("mistral-7b-v0.1") } });

  it.each([
    ["from its plan in the dashboard", SOURCE],
    ["after its download", DOWNLOADED],
  ])("has the exact plan, known %s and after a restart", async (_, model) => {
    hub.serveRepository("owner/repo", { "m-Q4_0.gguf": file });
    download(DOWNLOADED, file);
    const services = rigOf();
    const settings = { ...services.current.settings, MODEL: model };
    const [before] = (await fitsOf(services)).files;
    await services.done(services.planner.exactPlanFor(settings));
    const { plan } = await services.planner.knownPlanFor(settings, reportOf(eightGib));
    for (const { planner } of [services, rigOf()]) {
      const [after] = (await fitsOf({ ...services, planner })).files;
      expect([before?.plan?.isEstimate, after?.plan?.isEstimate]).toEqual([true, false]);
      expect(after?.plan?.predicted).toEqual(plan.predicted);
      expect(after?.plan?.predicted).not.toEqual(before?.plan?.predicted);
    }
  });

  it("says nothing about another file of the same name and size", async () => {
    const services = rigOf();
    download(DOWNLOADED, file);
    await services.done(services.planner.exactPlanFor({ ...services.current.settings, MODEL: DOWNLOADED }));
    const start = Uint8Array.from(file.start);
    start.set(Buffer.from("another"), Buffer.from(start).indexOf("mistral-7b"));
    hub.serveRepository("owner/repo", { "m-Q4_0.gguf": { ...file, start } });
    expect((await fitsOf(services)).files).toMatchObject([{ plan: { isEstimate: true } }]);
  });
});

describe("what a repository holds", () => {
  it("is told apart, and only models are read", async () => {
    hub.serveRepository("owner/repo", {
      "m-Q4_K_M.gguf": fileOf("small-llama-3"),
      "mmproj-F16.gguf": fileOf("small-llama-2"),
      "my-lora-F16.gguf": fileOf("small-llama-2"),
      "m-draft-Q4_0.gguf": fileOf("small-qwen3"),
      "m.imatrix.gguf": fileOf("small-llama-2"),
    });
    const { list, files } = await fitsOf(servicesOf());
    expect(Object.fromEntries(list.files.map(({ name, role }) => [name, role]))).toEqual({
      "m-Q4_K_M.gguf": "text",
      "mmproj-F16.gguf": "projector",
      "my-lora-F16.gguf": "adapter",
      "m-draft-Q4_0.gguf": "draft",
      "m.imatrix.gguf": "calibration",
    });
    expect(files.map(({ name }) => name).sort()).toEqual(["m-Q4_K_M.gguf", "m-draft-Q4_0.gguf"]);
  });

  it("without a card says the largest context that system memory holds", async () => {
    hub.serveRepository("owner/repo", { "m-Q4_K_M.gguf": fileOf("llama-2-7b") });
    const services = { ...servicesOf(), gpu: { read: async () => reportOf(null) } };
    const { files } = await fitsOf(services);
    // What it was trained for: 2 GiB of cache in f16, which fits beside 3.8 GiB of weights wherever these tests run.
    expect(files).toMatchObject([{ fits: "cpu", largestContextTokens: 4096 }]);
  });

  it("an embedding model says so from its header", async () => {
    const { gguf, ...shape } = modelShape("small-llama-3");
    const metadata = { ...gguf.metadata, "llama.pooling_type": 1 };
    const { header, fileBytes } = shapeFile({ ...shape, gguf: { ...gguf, metadata } });
    hub.serveRepository("owner/repo", { "e.gguf": { start: header, fileBytes } });
    expect((await fitsOf(servicesOf())).files).toMatchObject([{ role: "embedding", plan: null, problem: null }]);
  });

  it("with 400 files is listed whole, and not more headers are read than were asked for", async () => {
    const one = fileOf("small-llama-3");
    const many = Array.from({ length: 400 }, (_, index) => [`m${index}-Q4_K_M.gguf`, one] as const);
    hub.serveRepository("owner/repo", Object.fromEntries(many));
    const { list, files } = await fitsOf(servicesOf(), {}, 30);
    expect([list.files.length, list.planned, files.length]).toEqual([400, 30, 30]);
  });

  it("with hostile names shows only names that lead nowhere else", async () => {
    hub.serveRepository("owner/repo", { "good-Q8_0.gguf": fileOf("small-llama-3") });
    hub.serveTree("owner/repo", {
      "good-Q8_0.gguf": 5,
      "../evil.gguf": 5,
      "a/../../b.gguf": 5,
      "x\ny.gguf": 5,
      "c:d.gguf": 5,
    });
    const { list } = await fitsOf(servicesOf());
    expect(list.files.map(({ name }) => name)).toEqual(["good-Q8_0.gguf"]);
  });
});

describe("a hub that refuses", () => {
  const quantized = () => quantizedFiles(modelShape("llama-3.1-8b").gguf, { stem: "m", tokens: 2000 });
  const last = (files: readonly FitFile[]) => files.filter(({ plan }) => plan !== null).length;

  it("a gated repository ends with the page to ask at, after one answer", async () => {
    hub.serveRepository("owner/repo", quantized());
    for (const name of Object.keys(quantized()))
      hub.serve(`/owner/repo/resolve/main/${name}`, (_, response) => {
        response.writeHead(401, { "x-error-code": "GatedRepo" }).end();
      });
    const { events, files } = await fitsOf(servicesOf());
    expect(events).toContainEqual({
      kind: "problem",
      problem: expect.objectContaining({
        code: "FORBIDDEN",
        message: expect.stringContaining(`accept its terms on ${hub.origin}/owner/repo, then set HF_TOKEN`),
      }),
    });
    expect(files).toHaveLength(1);
    expect(events.at(-1)?.kind).toBe("end");
  });

  it("a repository that is private or missing says both before any event", async () => {
    hub.serve("/api/models/owner/repo/tree/main", (_, response) => {
      response.writeHead(401).end();
    });
    await expect(fitsOf(servicesOf())).rejects.toThrow(/shows no owner\/repo: it does not exist, or it is private/);
  });

  it("a renamed repository is read under its new name", async () => {
    hub.serveRepository("owner/new-name", quantized());
    hub.serve("/api/models/owner/repo/tree/main", (_, response) => {
      response.writeHead(307, { location: "/api/models/owner/new-name/tree/main?recursive=true" }).end();
    });
    const { list, files } = await fitsOf(servicesOf());
    expect(list.repository).toBe("owner/new-name");
    expect(last(files)).toBe(6);
  });

  it("one that counts requests is waited for as it says, and then asked again", async () => {
    hub.serveRepository("owner/repo", quantized());
    const path = "/owner/repo/resolve/main/m-Q2_K.gguf";
    const file = quantized()["m-Q2_K.gguf"];
    let refusals = 0;
    hub.serve(path, (request, response) => {
      if (refusals++ === 0) response.writeHead(429, { "retry-after": "1" }).end();
      else if (file !== undefined) hub.sendRange(file, request.headers.range, response);
    });
    const { events, files } = await fitsOf(servicesOf());
    expect(events).toContainEqual({ kind: "wait", seconds: 1, message: expect.stringMatching(/asks to wait for 1 s/) });
    expect(last(files)).toBe(6);
  });

  it("one that goes away in the middle keeps what was read and says where it stopped", async () => {
    const files = quantizedFiles(modelShape("llama-3.1-8b").gguf, { stem: "m", tokens: 2000, copies: 5 });
    hub.serveRepository("owner/repo", files);
    for (const name of Object.keys(files).filter(file => !file.endsWith("-Q2_K.gguf")))
      hub.serve(`/owner/repo/resolve/main/${name}`, (_, response) => {
        response.destroy();
      });
    const { events, files: fits } = await fitsOf(servicesOf());
    expect(last(fits)).toBeGreaterThan(0);
    expect(events).toContainEqual({
      kind: "problem",
      problem: expect.objectContaining({
        code: "DOWNLOAD_FAILED",
        message: expect.stringMatching(/broke the connection off/),
      }),
    });
    expect(fits.length).toBeLessThan(30);
  });
});
