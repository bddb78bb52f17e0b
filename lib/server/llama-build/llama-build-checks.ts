import { GIB } from "@/lib/units/bytes";

/** Backends that llama.cpp can be rebuilt for; `false` is the CPU alone. */
export const buildTargets = ["cuda", "vulkan", "metal", "false"] as const;
export type BuildTarget = (typeof buildTargets)[number];

/** Questions that the checks may ask of the machine. They are injected, so that every answer can be tested. */
export interface BuildMachine {
  readonly platform: NodeJS.Platform;
  readonly freeDiskBytes: number;
  readonly freeMemoryBytes: number;
  /** The first line a program prints for its version; null if it is not on PATH. */
  version(program: string, args: readonly string[]): string | null;
  exists(path: string): boolean;
}

export interface BuildCheck {
  readonly name: string;
  readonly state: "ok" | "missing" | "warning";
  /** What was found, or what to do. */
  readonly detail: string;
}

/** CUDA compiles every kernel for every requested architecture; the others need a tenth of that. Measured: the CPU build takes 0.4 GiB. */
const diskNeededBytes: Record<BuildTarget, number> = { cuda: 6 * GIB, vulkan: 2 * GIB, metal: 1 * GIB, false: 1 * GIB };
/** The memory of one compiler process on a large, template-heavy source of ggml. */
const MEMORY_NEEDED_BYTES = 2 * GIB;
/** CMake below this version cannot read llama.cpp's CMakeLists.txt. */
const MIN_CMAKE = [3, 19] as const;

const missing = (name: string, detail: string): BuildCheck => ({ name, state: "missing", detail });
const ok = (name: string, detail: string): BuildCheck => ({ name, state: "ok", detail });

const installHint: Partial<
  Record<NodeJS.Platform, (what: { debian: string; mac: string; windows: string }) => string>
> = {
  linux: what => `Debian and Ubuntu: sudo apt install ${what.debian}`,
  darwin: what => what.mac,
  win32: what => what.windows,
};
const hint = (machine: BuildMachine, what: { debian: string; mac: string; windows: string }): string =>
  installHint[machine.platform]?.(what) ?? `install ${what.debian}`;

function checkCmake(machine: BuildMachine): BuildCheck {
  const version = machine.version("cmake", ["--version"]);
  const remedy = hint(machine, {
    debian: "cmake ninja-build",
    mac: "brew install cmake ninja",
    windows: "winget install Kitware.CMake",
  });
  if (version === null) return missing("CMake", remedy);
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
  const newEnough = major > MIN_CMAKE[0] || (major === MIN_CMAKE[0] && minor >= MIN_CMAKE[1]);
  return newEnough
    ? ok("CMake", version)
    : missing("CMake", `${version} is older than ${MIN_CMAKE.join(".")}; ${remedy}`);
}

function checkCompiler(machine: BuildMachine): BuildCheck {
  const compilers = machine.platform === "win32" ? ["cl", "clang-cl"] : ["c++", "g++", "clang++"];
  for (const compiler of compilers) {
    const version = machine.version(compiler, machine.platform === "win32" ? [] : ["--version"]);
    if (version !== null) return ok("C++ compiler", version);
  }
  return missing(
    "C++ compiler",
    hint(machine, {
      debian: "build-essential",
      mac: "xcode-select --install",
      windows: "install Visual Studio Build Tools with “Desktop development with C++”",
    }),
  );
}

function checkCuda(machine: BuildMachine): BuildCheck[] {
  const nvcc = machine.version("nvcc", ["--version"]) ?? machine.version("/usr/local/cuda/bin/nvcc", ["--version"]);
  const driver = machine.version("nvidia-smi", ["--query-gpu=driver_version", "--format=csv,noheader"]);
  return [
    nvcc === null
      ? missing(
          "CUDA toolkit",
          `nvcc was not found; ${hint(machine, { debian: "nvidia-cuda-toolkit", mac: "CUDA does not exist for macOS: use --gpu metal", windows: "install the CUDA Toolkit from NVIDIA" })}`,
        )
      : ok("CUDA toolkit", nvcc),
    driver === null
      ? {
          name: "NVIDIA driver",
          state: "warning",
          detail: "nvidia-smi was not found: the build would work, but this machine could not run it",
        }
      : ok("NVIDIA driver", driver),
  ];
}

function checkVulkan(machine: BuildMachine): BuildCheck[] {
  const glslc = machine.version("glslc", ["--version"]);
  const headers = ["/usr/include/vulkan/vulkan.h", "/usr/local/include/vulkan/vulkan.h"].some(path =>
    machine.exists(path),
  );
  const sdk = hint(machine, {
    debian: "libvulkan-dev glslc",
    mac: "brew install vulkan-headers shaderc",
    windows: "install the Vulkan SDK from LunarG",
  });
  return [
    glslc === null
      ? missing("Vulkan shader compiler", `glslc was not found; ${sdk}`)
      : ok("Vulkan shader compiler", glslc),
    headers || machine.platform === "win32" ? ok("Vulkan headers", "found") : missing("Vulkan headers", sdk),
  ];
}

const checkMetal = (machine: BuildMachine): BuildCheck[] => [
  machine.platform === "darwin"
    ? ok("Metal", "macOS")
    : missing("Metal", `Metal exists on macOS only and this is ${machine.platform}: use --gpu vulkan or cuda`),
];

function checkRoom(target: BuildTarget, machine: BuildMachine): BuildCheck[] {
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`;
  const disk = diskNeededBytes[target];
  return [
    machine.freeDiskBytes >= disk
      ? ok("Disk", `${gib(machine.freeDiskBytes)} free`)
      : missing("Disk", `${gib(machine.freeDiskBytes)} free and ${gib(disk)} needed: make room`),
    machine.freeMemoryBytes >= MEMORY_NEEDED_BYTES
      ? ok("Memory", `${gib(machine.freeMemoryBytes)} available`)
      : {
          name: "Memory",
          state: "warning",
          detail: `${gib(machine.freeMemoryBytes)} available and ${gib(MEMORY_NEEDED_BYTES)} wanted: close other programs, or the compiler may be killed`,
        },
  ];
}

/** Checks everything a rebuild needs before it starts. `missing` stops the build, `warning` does not. */
export function checkLlamaBuild(target: BuildTarget, machine: BuildMachine): BuildCheck[] {
  const backend = { cuda: checkCuda, vulkan: checkVulkan, metal: checkMetal, false: () => [] }[target];
  return [checkCmake(machine), checkCompiler(machine), ...backend(machine), ...checkRoom(target, machine)];
}
