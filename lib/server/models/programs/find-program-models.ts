import { readdir, realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import { type ProgramName, programNames } from "@/lib/schema/models/program-models";
import { findModelFiles } from "../library/find-model-files";
import { lmStudioPlaces } from "./lm-studio-places";
import { ollamaModels } from "./ollama-store";
import { type FoundProgramModel, type ProgramPlace, programPlaces, type UserSystem } from "./program-places";

/** What was found of one program. */
export interface FoundProgram {
  readonly program: ProgramName;
  readonly models: readonly FoundProgramModel[];
  readonly problems: readonly string[];
}

/** GPT4All names a file so until it is whole. */
const UNFINISHED = /^incomplete-/;

/**
 * Looks where other programs keep GGUF files. It only reads names and Ollama's manifests. The same file in two places (a link, two
 * snapshots of the hub's cache) is found once.
 */
export async function findProgramModels(computer: UserSystem): Promise<FoundProgram[]> {
  const places = [...programPlaces(computer), ...(await lmStudioPlaces(computer))];
  const seen = new Set<string>();
  const found: FoundProgram[] = [];
  for (const program of programNames) {
    const models: FoundProgramModel[] = [];
    const problems: string[] = [];
    for (const place of places.filter(each => each.program === program)) {
      const problem = await folderProblem(place);
      if (problem !== null) problems.push(problem);
      for (const model of await modelsIn(place)) {
        const real = await realpath(model.path).catch(() => model.path);
        // Two names of Ollama may share one file: both are offered, because people know them by name.
        const key = place.layout === "ollama" ? `${real} ${model.label}` : real;
        if (seen.has(key) || seen.has(real)) continue;
        seen.add(key);
        // Two folders of one program may hold files of the same name, and a model is used by its label.
        const isTaken = models.some(({ label }) => label === model.label);
        models.push(isTaken ? { ...model, label: model.path } : model);
      }
    }
    found.push({ program, models, problems });
  }
  return found;
}

/** Most of the places do not exist, which is no problem. */
async function folderProblem({ program, folder }: ProgramPlace): Promise<string | null> {
  const code = await readdir(folder).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code === null || code === "ENOENT" || code === "ENOTDIR") return null;
  return `The folder ${folder} of ${program} cannot be read (${code}): give your account the right to read it.`;
}

async function modelsIn({ folder, layout }: ProgramPlace): Promise<readonly FoundProgramModel[]> {
  if (layout === "ollama") return ollamaModels(folder);
  const files = await findModelFiles(folder);
  return files.flatMap(({ path, problem }) => {
    const parts = relative(folder, path).split(sep);
    if (UNFINISHED.test(parts.at(-1) ?? "")) return [];
    const label = layout === "hub-cache" ? hubLabel(parts) : fileLabel(parts);
    return label === null ? [] : [{ label, path, problem }];
  });
}

/** Jan names every file model.gguf, and its folder says what it is. */
const fileLabel = (parts: readonly string[]): string =>
  (parts.length > 1 && parts.at(-1) === "model.gguf" ? parts.slice(0, -1) : parts).join("/");

/** models--owner--repo/snapshots/<commit>/file.gguf; null for what else is in the cache. */
function hubLabel([repository = "", kind, _commit, ...file]: readonly string[]): string | null {
  if (!repository.startsWith("models--") || kind !== "snapshots" || file.length === 0) return null;
  return [...repository.slice("models--".length).split("--"), ...file].join("/");
}
