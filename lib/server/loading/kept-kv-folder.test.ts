import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { KeptKvFolder } from "./kept-kv-folder";

function rig(isOn: boolean) {
  const folder = mkdtempSync(join(tmpdir(), "headroom-kv-"));
  for (const name of ["kept.kv", "kept.json", "gone.kv", "gone.json"]) writeFileSync(join(folder, name), "");
  return { folder, kv: new KeptKvFolder({ folder, isOn: () => isOn, isKept: chatId => chatId === "kept" }) };
}

it("keeps only chats that are there", async () => {
  const { folder, kv } = rig(true);
  expect(kv.of("kept")).toBe(folder);
  expect(kv.of("temporary")).toBeNull();
  await kv.sweep();
  expect(readdirSync(folder).sort()).toEqual(["kept.json", "kept.kv"]);
});

it("keeps nothing once the setting is off", async () => {
  const { folder, kv } = rig(false);
  expect(kv.of("kept")).toBeNull();
  await kv.sweep();
  expect(readdirSync(folder)).toEqual([]);
});
