import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { planCommand } from "@/lib/server/compose/plan-command";
import { codeOf } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { makeHostRig, truthOf } from "@/lib/server/testing/host-rig";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { type Misbehave, type StandInFile, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";

const FOLDER = "/owner/repo/resolve/main";
const MISTRAL = "hf:owner/repo/mistral.gguf";
const CARD = ["--gpu-total-mib", "8192", "--gpu-used-mib", "857"];

const fileOf = (id: string): StandInFile => {
  const { header, fileBytes } = shapeFile(modelShape(id));
  return { start: header, fileBytes };
};

let home: string;
let hub: StandInHub;
let rigs: ReturnType<typeof makeHostRig>[];

beforeEach(async () => {
  rigs = [];
  home = mkdtempSync(join(tmpdir(), "headroom-remote-plan-"));
  hub = await StandInHub.start();
  hub.serve(`${FOLDER}/mistral.gguf`, fileOf("mistral-7b-v0.1"));
});
afterEach(async () => {
  // A plan fills and writes its surface in the background. That must end before its folder is removed.
  for (const { done, planner, current } of rigs) await done(planner.exactPlanFor(current.settings));
  await hub.stop();
});

describe("npm run plan with a model that is not here", () => {
  const enginePath = fakeEngineEntry({ backend: "none" });

  async function run(...args: string[]) {
    const printed: string[] = [];
    const complained: string[] = [];
    const exitCode = await planCommand({
      args,
      env: { HEADROOM_HOME: home, HEADROOM_ENGINE_ENTRY: enginePath, HF_ENDPOINT: hub.origin, HF_TOKEN: "hf_canary" },
      out: text => printed.push(text),
      complain: text => complained.push(text),
    });
    return { exitCode, out: printed.join("\n"), complained };
  }

  it("plans it from its header alone", async () => {
    const { exitCode, out } = await run("--model", MISTRAL, ...CARD, "--context", "32768", "--json");
    expect(exitCode).toBe(0);
    const { model, plan } = JSON.parse(out);
    expect(model).toEqual({
      name: "mistral-7b-v0.1",
      architecture: "llama",
      blocks: 32,
      fileBytes: fileOf("mistral-7b-v0.1").fileBytes,
    });
    // 32,768 tokens of 8 heads of 128, K and V, 2 bytes: 128 MiB a block.
    expect(plan.perLayer.find((layer: { index: number }) => layer.index === 31)).toMatchObject({ kvBytes: 2 ** 27 });
    expect(plan.gpuLayers).toBeGreaterThan(16);
    expect(hub.sentBytes).toBe(512 * 1024);
  });

  it("prints a report for people", async () => {
    const { exitCode, out } = await run("--model", MISTRAL, ...CARD);
    expect(exitCode).toBe(0);
    expect(out).toContain("mistral-7b-v0.1");
  });

  it("counts a split model whole, whichever part was named", async () => {
    const files = splitInThree(modelShape("llama-2-7b").gguf);
    files.forEach((file, index) => {
      hub.serve(`${FOLDER}/${partName("big", index + 1)}`, file);
    });
    const { exitCode, out } = await run("--model", `hf:owner/repo/${partName("big", 2)}`, ...CARD, "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).model).toMatchObject({
      blocks: 32,
      fileBytes: files.reduce((sum, file) => sum + file.fileBytes, 0),
    });
  });

  const status =
    (code: number): Misbehave =>
    (_, response) => {
      response.writeHead(code).end();
    };
  const to =
    (location: string): Misbehave =>
    (_, response) => {
      response.writeHead(302, { location }).end();
    };

  it.each<[string, Misbehave | StandInFile, RegExp]>([
    [
      "D11 401",
      status(401),
      /^FORBIDDEN: .* wants a sign-in for x\.gguf: set HF_TOKEN to a token of your account and start Headroom again\.$/,
    ],
    [
      "D11 a gated repository",
      status(403),
      /^FORBIDDEN: x\.gguf is gated: accept its terms .*HF_TOKEN to a token of your account and start Headroom again\.$/,
    ],
    ["D11 404", status(404), /^MODEL_NOT_FOUND: .* has no x\.gguf\.$/],
    ["D11 429", status(429), /^BUSY: .* asks to wait: too many requests\.$/],
    ["D5 a redirect to the local network", to("https://192.168.1.1/x.gguf"), /^FORBIDDEN: 192\.168\.1\.1 is not on/],
    ["D5 a redirect to plain http", to("http://example.com/x.gguf"), /^FORBIDDEN: .* over http:\/\/ and not https\.$/],
    ["D5 a redirect to itself", to(`${FOLDER}/x.gguf`), /^DOWNLOAD_FAILED: .* more than 5 times\.$/],
    ["a web page", { start: Buffer.from("<!doctype html>"), fileBytes: 15 }, /^NOT_GGUF: /],
    [
      "D9 2^64 keys",
      { start: Buffer.from(`GGUF\u0003${"\0".repeat(11)}${"\u00ff".repeat(8)}`, "latin1"), fileBytes: 24 },
      /^CORRUPT_MODEL: /,
    ],
  ])("exit 3 and one line for %s", async (_, answer, line) => {
    hub.serve(`${FOLDER}/x.gguf`, answer);
    const { exitCode, complained, out } = await run("--model", "hf:owner/repo/x.gguf", ...CARD);
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
    expect(complained).toHaveLength(1);
    expect(complained[0]).toMatch(line);
    expect(complained[0]).not.toMatch(/\n|hf_canary/);
  });

  it.each([
    ["hf:owner/repo", /not of the form hf:owner\/repo\/file\.gguf/],
    ["hf:user@evil.example/repo/x.gguf", /not of the form/],
    ["hf:evil.example:443/repo/x.gguf", /not of the form/],
    ["hf:owner/repo/../../x.gguf", /not of the form/],
    ["https://example.com/x.safetensors", /must end in \.gguf/],
    ["https://me:secret@example.com/x.gguf", /user name or password/],
  ])("D6 exit 2 for the address %s, and nothing is asked", async (source, message) => {
    const { exitCode, complained } = await run("--model", source, ...CARD);
    expect(exitCode).toBe(2);
    expect(complained).toEqual([expect.stringMatching(message)]);
    expect(hub.seen).toEqual([]);
  });

  it("D10 sends the token to the hub and to nobody else", async () => {
    const other = await StandInHub.start();
    hub.serve(`${FOLDER}/x.gguf`, to(`${other.origin}/x.gguf`));
    await run("--model", "hf:owner/repo/x.gguf", ...CARD);
    await run("--model", `${other.origin}/x.gguf`, ...CARD);
    await other.stop();
    expect(hub.seen.map(({ authorization }) => authorization)).toEqual(["Bearer hf_canary"]);
    expect(other.seen).toEqual([]);
  });
});

describe("the engine and a model that is not here", () => {
  function rigFor() {
    const script = { truth: truthOf("mistral-7b-v0.1") };
    const rig = makeHostRig({ home, hub: hub.origin, settings: { MODEL: MISTRAL }, script });
    rigs.push(rig);
    return rig;
  }

  it("makes its surface from dry runs of the header's file, and knows it again after a restart", async () => {
    const first = rigFor();
    const { surface, modelPath } = await first.done(first.planner.exactPlanFor(first.current.settings));
    expect(surface).toMatchObject({ computeSource: "dry-run", model: { name: "mistral-7b-v0.1" } });
    const commands = first.processes[0]?.engine.received.filter(({ type }) => type === "fill-surface");
    expect(commands).toMatchObject([{ modelPath }]);

    rmSync(join(home, "remote"), { recursive: true });
    const again = rigFor();
    const known = await again.done(again.planner.planFor(again.current.settings));
    expect([known.surface.computeSource, again.countOf("fill-surface")]).toEqual(["dry-run", 0]);
  });

  it("never loads it: its weights are holes", async () => {
    const { host, current, done, loads } = rigFor();
    const refusal = await done(host.apply(current.settings)).catch(error => error);
    expect(codeOf(refusal)).toBe("MODEL_NOT_FOUND");
    expect(refusal.message).toBe(`${MISTRAL} is not on this computer: download it to load it.`);
    expect(loads()).toEqual([]);
  });

  it("leaves nothing half-written", async () => {
    const { planner, current, done } = rigFor();
    await done(planner.planFor(current.settings));
    expect(
      readdirSync(join(home, "remote"), { recursive: true }).filter(name => /\.(tmp|part)$/.test(`${name}`)),
    ).toEqual([]);
  });
});
