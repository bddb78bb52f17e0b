import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { buildProgress, forgetBuildChoice, readBuildChoice, writeBuildChoice } from "./llama-build";
import { type BuildMachine, type BuildTarget, checkLlamaBuild } from "./llama-build-checks";

const tools: Record<string, string> = {
  cmake: "cmake version 3.25.1",
  "c++": "c++ (Debian 12.2.0-14) 12.2.0",
  nvcc: "Cuda compilation tools, release 12.6, V12.6.77",
  "nvidia-smi": "560.35.03",
  glslc: "shaderc v2023.2",
};

function machine(
  change: { tools?: Record<string, string>; diskGib?: number; platform?: NodeJS.Platform; headers?: boolean } = {},
): BuildMachine {
  const present = change.tools ?? tools;
  return {
    platform: change.platform ?? "linux",
    freeDiskBytes: (change.diskGib ?? 50) * GIB,
    freeMemoryBytes: 8 * GIB,
    version: program => present[program] ?? null,
    exists: () => change.headers ?? true,
  };
}

const missingNames = (target: BuildTarget, found: BuildMachine) =>
  checkLlamaBuild(target, found)
    .filter(check => check.state === "missing")
    .map(check => check.name);

describe("checkLlamaBuild", () => {
  const without = (name: string) => Object.fromEntries(Object.entries(tools).filter(([tool]) => tool !== name));

  it.each<[string, BuildTarget, BuildMachine, string[]]>([
    ["a complete machine", "cuda", machine(), []],
    ["no CUDA toolkit", "cuda", machine({ tools: without("nvcc") }), ["CUDA toolkit"]],
    ["no CUDA toolkit for a CPU build", "false", machine({ tools: without("nvcc") }), []],
    ["no CMake", "false", machine({ tools: without("cmake") }), ["CMake"]],
    ["a CMake of 2015", "false", machine({ tools: { ...tools, cmake: "cmake version 3.2.2" } }), ["CMake"]],
    ["no compiler", "false", machine({ tools: without("c++") }), ["C++ compiler"]],
    ["no Vulkan headers", "vulkan", machine({ headers: false }), ["Vulkan headers"]],
    ["no shader compiler", "vulkan", machine({ tools: without("glslc") }), ["Vulkan shader compiler"]],
    ["Metal on Linux", "metal", machine(), ["Metal"]],
    ["a full disk", "cuda", machine({ diskGib: 3 }), ["Disk"]],
  ])("names what is missing: %s", (_, target, found, expected) => {
    expect(missingNames(target, found)).toEqual(expected);
  });

  it("warns and does not stop when the driver is missing, since the build may be for another machine", () => {
    const driver = checkLlamaBuild("cuda", machine({ tools: without("nvidia-smi") })).find(
      check => check.name === "NVIDIA driver",
    );
    expect(driver?.state).toBe("warning");
  });
});

describe("buildProgress", () => {
  it.each([
    ["[1/4] Building CXX object x.o", 0.25],
    ["[ 42%] Building CXX object x.o", 0.42],
    ["-- Configuring done", null],
    ["", null],
  ])("reads %j as %s", (line, fraction) => {
    expect(buildProgress(line)).toBe(fraction);
  });
});

describe("the choice of build", () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-build-"));
  afterEach(() => rmSync(join(folder, "llama-build.json"), { force: true }));

  it("is the prebuilt one until a build was verified, and again after the way back", () => {
    expect(readBuildChoice(folder)).toBeNull();
    writeBuildChoice(folder, "cuda", 1_700_000_000_000);
    expect(readBuildChoice(folder)).toEqual({ build: "lastBuild", target: "cuda", builtAtMs: 1_700_000_000_000 });
    forgetBuildChoice(folder);
    expect(readBuildChoice(folder)).toBeNull();
  });

  it("is the prebuilt one when its file is damaged", () => {
    writeFileSync(join(folder, "llama-build.json"), '{"build": "las');
    expect(readBuildChoice(folder)).toBeNull();
  });
});
