import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { ModelHeaders } from "@/lib/server/models/library/model-headers";
import { makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";
import { modelDetails, modelLayers } from "./model-details";

const rigServices = () => {
  const rig = makeHostRig();
  const { models, planner, gpu, machineSpeed, current } = rig;
  const settings = { readFor: () => current.settings, overrides: () => ({ N_CTX: 2048 }) };
  return { ...rig, services: { models, planner, gpu, machineSpeed, settings, headers: new ModelHeaders() } };
};

test("a model's details hold its row, its tensors and its own settings", async () => {
  const { services, done } = rigServices();
  const details = await done(modelDetails(services, SMALL_MODEL));
  expect(details.model.name).toBe(SMALL_MODEL);
  expect(details.header?.kinds.reduce((sum, { tensors }) => sum + tensors, 0)).toBe(details.header?.tensors);
  expect(details.ownSettings).toEqual({ N_CTX: 2048 });
});

test("a name that is not in the library is said not to be there", async () => {
  const { services, done } = rigServices();
  await expect(done(modelDetails(services, "gone.gguf"))).rejects.toThrow(
    "There is no model gone.gguf in the library: it was renamed, moved or deleted.",
  );
});

test("the layers cost what the chosen context and KV cache cost", async () => {
  const { services, done } = rigServices();
  const kvOf = async (N_CTX: number, KV_CACHE_QUANT: "f16" | "q8_0") =>
    (await done(modelLayers(services, SMALL_MODEL, { N_CTX, KV_CACHE_QUANT }))).perLayer.reduce(
      (sum, { kvBytes }) => sum + kvBytes,
      0,
    );
  const short = await kvOf(1024, "f16");
  expect(short).toBeGreaterThan(0);
  expect(await kvOf(4096, "f16")).toBe(4 * short);
  // A block of 32 numbers has 34 bytes as q8_0, and 64 as f16.
  expect(await kvOf(1024, "q8_0")).toBe((short * 34) / 64);
});

test("a header with thousands of keys is sent a hundred at a time, and found by words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-header-"));
  mkdirSync(folder, { recursive: true });
  const shape = modelShape("small-llama-2");
  const more = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`odd.key.${index}`, "v".repeat(500)]));
  const gguf = { ...shape.gguf, metadata: { ...shape.gguf.metadata, ...more } };
  const { header, fileBytes } = shapeFile({ ...shape, gguf });
  const path = join(folder, "odd.gguf");
  writeFileSync(path, header);
  truncateSync(path, fileBytes);
  const headers = new ModelHeaders();
  const all = await headers.search(path, "", 0);
  expect(all.keys).toHaveLength(100);
  expect(all.matches).toBeGreaterThan(20_000);
  expect(JSON.stringify(all).length).toBeLessThan(100_000);
  expect((await headers.search(path, "ODD 19999", 0)).keys.map(({ key }) => key)).toEqual(["odd.key.19999"]);
  expect((await headers.search(path, "odd.key", 19_950)).keys).toHaveLength(50);
});
