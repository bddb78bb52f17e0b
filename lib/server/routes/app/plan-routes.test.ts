import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { truthOf } from "@/lib/server/testing/host-rig";
import { type Misbehave, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { GIB } from "@/lib/units/bytes";
import { serveHome } from "../testing/serve-home";

const FOLDER = "/owner/repo/resolve/main";

let hub: StandInHub;

beforeAll(async () => {
  hub = await StandInHub.start();
});
afterAll(() => hub.stop());
const vram = { totalBytes: 8 * GIB, usedBytes: 0, freeBytes: 8 * GIB, unifiedBytes: 0 };
const home = serveHome({ backend: "vulkan", vram, truth: truthOf("llama-2-7b") }, () => ({ HF_ENDPOINT: hub.origin }));
afterEach(() => {
  hub.sentBytes = 0;
  hub.seen.length = 0;
});

async function post(body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${home.url}/api/plan`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

it("plans a model that is not here with the engine's dry runs, from its header alone", async () => {
  const { header, fileBytes } = shapeFile(modelShape("llama-2-7b"));
  hub.serve(`${FOLDER}/llama.gguf`, { start: header, fileBytes });
  const { status, body } = await post({ MODEL: "hf:owner/repo/llama.gguf", N_CTX: 2048 });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    model: { name: "llama-2-7b", blocks: 32, fileBytes },
    settings: { N_CTX: 2048 },
    plan: { computeSource: "dry-run", kind: "full", gpuLayers: 33 },
  });
  expect(hub.sentBytes).toBe(512 * 1024);
});

it("plans it for another card without asking the hub again", async () => {
  const { body } = await post({ MODEL: "hf:owner/repo/llama.gguf", gpu: { totalBytes: 4 * GIB } });
  expect(body).toMatchObject({ gpu: { totalBytes: 4 * GIB, source: "assumed" }, plan: { kind: "partial" } });
  expect(hub.seen).toEqual([]);
});

const status =
  (code: number, headers: Record<string, string> = {}): Misbehave =>
  (_, response) => {
    response.writeHead(code, headers).end();
  };

it.each<[string, Misbehave, number, string, RegExp | undefined]>([
  ["D11 a gated repository", status(403), 403, "FORBIDDEN", undefined],
  ["D11 a file that is not there", status(404), 404, "MODEL_NOT_FOUND", /owner, the repository and the file/],
  ["D11 too many requests", status(429), 503, "BUSY", /in a moment/],
  ["a hub that fails", status(500), 502, "HUB_FAILED", /again later/],
  [
    "D5 a redirect to this computer",
    status(302, { location: "https://127.0.0.1/x.gguf" }),
    403,
    "FORBIDDEN",
    undefined,
  ],
])("answers %s with its status and code", async (_, answer, httpStatus, code, next) => {
  hub.serve(`${FOLDER}/x.gguf`, answer);
  const { status, body } = await post({ MODEL: "hf:owner/repo/x.gguf" });
  expect(status).toBe(httpStatus);
  expect(body).toMatchObject({ error: { code } });
  if (next) expect(body).toMatchObject({ error: { next: expect.stringMatching(next) } });
});

it.each(["hf:user@evil.example/repo/x.gguf", "hf:owner/repo", "https://a:b@example.com/x.gguf"])(
  "D6 answers %s with 400 and asks nobody",
  async MODEL => {
    const { status, body } = await post({ MODEL });
    expect([status, body]).toEqual([400, { error: { code: "INVALID_INPUT", message: expect.any(String) } }]);
    expect(hub.seen).toEqual([]);
  },
);
