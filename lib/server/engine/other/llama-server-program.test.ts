import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { standInLlamaServer } from "@/lib/server/testing/stand-ins/stand-in-llama-server";
import { findLlamaServer, requireLlamaServer } from "./llama-server-program";
import { OtherEngines } from "./other-engines";

const program = standInLlamaServer();
const folder = mkdtempSync(join(tmpdir(), "headroom-no-program-"));
const data = join(folder, "llama-server");
writeFileSync(data, "not for running", { mode: 0o644 });
mkdirSync(join(folder, "folder", "llama-server"), { recursive: true });

describe.skipIf(process.platform === "win32")("the llama-server that is started", () => {
  it("is the first one on PATH that may be run", () => {
    const PATH = ["relative", folder, join(folder, "folder"), dirname(program)].join(delimiter);
    expect(findLlamaServer({ PATH })).toBe(program);
    expect(findLlamaServer({ PATH: folder })).toBeNull();
    expect(findLlamaServer({})).toBeNull();
  });

  it.each([
    ["llama-server", "must be a whole path"],
    ["/bin/sh", "must be a file with the name llama-server"],
    [data, "is no program that your account may run"],
    [join(folder, "folder", "llama-server"), "is no program"],
    [join(folder, "missing", "llama-server"), "is no program"],
  ])("is never %s", (path, why) => {
    expect(() => requireLlamaServer(path)).toThrow(why);
  });

  it("is the one that was given by its path, over a restart, until that is taken back", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "headroom-engines-")), "engines.json");
    const engines = new OtherEngines({ path, env: {} });
    const choice = { engineId: "llama-server", model: "a.gguf" };
    await expect(engines.choose(choice)).rejects.toMatchObject({ code: "NOT_FOUND" });
    engines.setLlamaServer(program);
    await engines.choose(choice);
    expect([engines.chosenProgram, new OtherEngines({ path, env: {} }).chosenProgram]).toEqual([program, program]);
    engines.setLlamaServer(null);
    expect(engines.chosenProgram).toBeNull();
  });
});
