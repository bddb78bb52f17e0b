import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AddonPlace, addonMark, openPlacementAddon } from "./placement-addon";

const folder = mkdtempSync(join(tmpdir(), "headroom-addon-"));

const hash = "0".repeat(64);
const file = (name: string, content: string) => writeFileSync(join(folder, `${name}.node`), content);

describe("openPlacementAddon", () => {
  file("no-mark", "\x7fELF something else");
  file("other-release", `\x7fELF headroom-placement llama.cpp=v0.4.9 source=${hash}\0`);
  file("no-library", `headroom-placement llama.cpp=v0.5.0 source=${hash}\0`);

  it.each<[string, Partial<AddonPlace>, RegExp]>([
    ["another platform", { platform: "win32-arm64" }, /no placement addon for win32-arm64\.$/],
    ["a Mac", { platform: "darwin-arm64" }, /no placement addon for darwin-arm64: with unified memory/],
    ["an own build of llama.cpp without it", { platform: "linux-x64", build: "lastBuild" }, /npm run build:llama/],
    [
      "an own build of llama.cpp on Windows",
      { platform: "win32-x64", build: "lastBuild" },
      /has no placement addon; it is built on Linux only/,
    ],
    ["a file that is something else", { platform: "no-mark" }, /no-mark\.node is no placement addon/],
    ["another release", { platform: "other-release" }, /is for llama\.cpp v0\.4\.9, and the engine has v0\.5\.0/],
    ["a release that is not told", { platform: "no-library", llamaRelease: null }, /an unknown release/],
    ["a file that the system cannot open", { platform: "no-library" }, /could not be opened: .*no-library/],
  ])("gives a reason for %s", (_, change, reason) => {
    const opened = openPlacementAddon({
      platform: "linux-x64",
      build: "prebuilt",
      buildsFolder: folder,
      llamaRelease: "v0.5.0",
      ...change,
    });
    expect(opened).toMatchObject({ kind: "missing", reason: expect.stringMatching(reason) });
  });
});

describe("the builds in the repository", () => {
  const sourceHash = createHash("sha256").update(readFileSync("native/placement/placement.c")).digest("hex");
  const { release } = JSON.parse(readFileSync("node_modules/node-llama-cpp/llama/binariesGithubRelease.json", "utf8"));

  it.each(["linux-x64", "linux-arm64", "win32-x64"])(
    "were made from the present source for the bundled release: %s",
    platform => {
      const mark = addonMark(`native/placement/builds/${platform}.node`);
      expect(mark).toEqual({ llamaRelease: release, sourceHash });
    },
  );
});
