import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { errorReason } from "@/lib/schema/error-reason";
import type { PlacementCard } from "@/lib/schema/plans/placement";

/** What native/placement/placement.c exports. */
export interface PlacementAddon {
  readonly llamaRelease: string;
  /** SHA-256 of the C source that it was built from. */
  readonly sourceHash: string;
  /** What the following loads and dry runs do; null: as node-llama-cpp asks. Forgets the last report. */
  setPlacement(options: AddonPlacement | null): void;
  /** What the last model or context took since `setPlacement`, or why it was not made. */
  lastReport(): AddonReport;
  /** The graphics cards in llama.cpp's order; null before getLlama. */
  devices(): AddonCard[] | null;
}

/** A card with its free memory at this moment. */
export type AddonCard = PlacementCard & { readonly freeBytes: number };

export interface AddonPlacement {
  /** A regular expression (ECMAScript); tensors with a matching name are allocated in system memory. */
  readonly ramTensors?: string;
  readonly devices?: readonly string[];
  /** One share for each of `devices`. */
  readonly tensorSplit?: readonly number[];
  readonly mainGpu?: number;
  readonly splitMode?: "none" | "layer" | "row";
  readonly kvInRam?: boolean;
}

export interface AddonReport {
  readonly kind: "nothing" | "model" | "context";
  readonly problem: string | null;
  /** One for each of llama.cpp's buffer types; a device may have several. Device null: system memory. */
  readonly buffers: readonly {
    readonly buffer: string;
    readonly device: string | null;
    readonly weightsBytes: number;
    readonly kvBytes: number;
    readonly computeBytes: number;
  }[];
}

export type OpenedAddon =
  | { readonly kind: "ready"; readonly addon: PlacementAddon }
  | { readonly kind: "missing"; readonly reason: string };

/** The build of llama.cpp that the addon is for, and where the builds of the addon are. */
export interface AddonPlace {
  readonly platform: string;
  readonly build: "prebuilt" | "lastBuild";
  readonly buildsFolder: string;
  /** The release of that build; null if it cannot be read. */
  readonly llamaRelease: string | null;
}

const missing = (reason: string): OpenedAddon => ({ kind: "missing", reason });

/** Written by build.mjs into each build, and readable without opening it. */
const MARK = /headroom-placement llama\.cpp=(\S+) source=([0-9a-f]{64})/;

/** The release of llama.cpp and the hash of the C source that this build of the addon carries; null for another file. */
export function addonMark(path: string): { readonly llamaRelease: string; readonly sourceHash: string } | null {
  const [, llamaRelease, sourceHash] = MARK.exec(readFileSync(path, "latin1")) ?? [];
  return llamaRelease === undefined || sourceHash === undefined ? null : { llamaRelease, sourceHash };
}

const whyNone = (platform: string): string =>
  platform.startsWith("darwin") ? ": with unified memory there is little to place" : "";

const buildsBoth = (platform: string): string =>
  platform.startsWith("linux") ? "npm run build:llama builds both" : "it is built on Linux only";

/**
 * Opens the addon, after which llama.cpp's calls go through it. Call it before `getLlama`. It is not opened for another release of
 * llama.cpp than it was built for, because their parameters may differ and even an ordinary load could fail.
 */
export function openPlacementAddon({ platform, build, buildsFolder, llamaRelease }: AddonPlace): OpenedAddon {
  const path = join(buildsFolder, `${build === "lastBuild" ? "own-" : ""}${platform}.node`);
  if (!existsSync(path))
    return missing(
      build === "lastBuild"
        ? `This computer's own build of llama.cpp has no placement addon; ${buildsBoth(platform)}.`
        : `There is no placement addon for ${platform}${whyNone(platform)}.`,
    );
  const mark = addonMark(path);
  if (mark === null) return missing(`${path} is no placement addon.`);
  if (mark.llamaRelease !== llamaRelease)
    return missing(
      `The placement addon is for llama.cpp ${mark.llamaRelease}, and the engine has ${llamaRelease ?? "an unknown release"}.`,
    );
  try {
    const opened: { exports: unknown } = { exports: {} };
    // Windows has no such flags and needs none: there the addon takes the functions' place by itself.
    process.dlopen(opened, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
    return { kind: "ready", addon: opened.exports as PlacementAddon };
  } catch (error) {
    return missing(`The placement addon could not be opened: ${errorReason(error)}`);
  }
}

const here = dirname(fileURLToPath(import.meta.url));
/** native/placement/builds, seen from this file or from the bundle in dist or dist/chunks. */
const buildsFolder =
  ["..", "../..", "../../.."].map(up => join(here, up, "native/placement/builds")).find(existsSync) ?? here;

/** The addon for this process. */
export const placementAddonPlace = (build: AddonPlace["build"]): AddonPlace => ({
  platform: `${process.platform}-${process.arch}`,
  build,
  buildsFolder,
  llamaRelease:
    build === "lastBuild"
      ? ownBuildRelease()
      : (readField("binariesGithubRelease.json", releaseSchema)?.release ?? null),
});

const releaseSchema = z.object({ release: z.string() });
const lastBuildSchema = z.object({ folderName: z.string() });
const metadataSchema = z.object({ buildOptions: z.object({ llamaCpp: releaseSchema }) });

/** node-llama-cpp falls back to its prebuilt binaries where there is no own build. */
function ownBuildRelease(): string | null {
  const folder = readField("lastBuild.json", lastBuildSchema)?.folderName;
  if (folder === undefined) return null;
  return (
    readField(join("localBuilds", folder, "Release/_nlcBuildMetadata.json"), metadataSchema)?.buildOptions.llamaCpp
      .release ?? null
  );
}

/** One of the files in which node-llama-cpp says what it contains; null if it is missing or different. */
function readField<Schema extends z.ZodMiniType>(name: string, schema: Schema): z.output<Schema> | null {
  try {
    const entry = createRequire(import.meta.url).resolve("node-llama-cpp");
    return schema.parse(JSON.parse(readFileSync(join(dirname(entry), "../llama", name), "utf8")));
  } catch {
    return null;
  }
}
