import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ModelFileError } from "../library/model-file-error";
import type { FoundProgramModel } from "./program-places";
import { readSmallFile } from "./read-small-file";

/** `<host>/<owner>/<model>/<tag>`, and a level more for hosts that have one. */
const MAX_DEPTH = 6;
const MODEL_LAYER = "application/vnd.ollama.image.model";
const DEFAULT_HOST = "registry.ollama.ai";
const DEFAULT_OWNER = "library";

/** A blob's name is made from nothing but this, so that no manifest leads out of the store. */
const digestSchema = z.string().regex(/^sha256[:-][0-9a-f]{64}$/i);
const manifestSchema = z.object({
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string() }).catch({ mediaType: "", digest: "" })),
});

/**
 * The models of an Ollama store. A manifest for each name lists layers, and the layer with the weights is a GGUF file named by its
 * hash. Models in other formats are passed over.
 *
 * @see https://github.com/ollama/ollama/blob/main/server/manifest.go and server/modelpath.go
 */
export async function ollamaModels(folder: string): Promise<FoundProgramModel[]> {
  const names = await manifestNames(join(folder, "manifests"), [], MAX_DEPTH);
  const found = await Promise.all(names.map(parts => modelOf(folder, parts)));
  return found.filter(model => model !== null).sort((one, other) => (one.label < other.label ? -1 : 1));
}

/** Links are not followed: Ollama makes none, and they could lead in a circle. */
async function manifestNames(folder: string, above: readonly string[], depth: number): Promise<string[][]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names: string[][] = [];
  for (const entry of entries) {
    const parts = [...above, entry.name];
    if (entry.isFile() && parts.length > 2) names.push(parts);
    else if (entry.isDirectory() && depth > 0)
      names.push(...(await manifestNames(join(folder, entry.name), parts, depth - 1)));
  }
  return names;
}

/** "llama3.2:3b", "someone/model:tag", "hf.co/owner/repo:Q4_K_M", as Ollama writes it. */
function labelOf(parts: readonly string[]): string {
  const tag = parts.at(-1);
  const [host, owner, ...rest] = parts.slice(0, -1);
  const isDefault = host === DEFAULT_HOST;
  const path = isDefault && owner === DEFAULT_OWNER ? rest : isDefault ? [owner, ...rest] : [host, owner, ...rest];
  return `${path.join("/")}:${tag}`;
}

/** null for a name without a GGUF layer. */
async function modelOf(folder: string, parts: readonly string[]): Promise<FoundProgramModel | null> {
  const label = labelOf(parts);
  const manifest = join(folder, "manifests", ...parts);
  const digests = await weightsIn(manifest);
  if (digests === null) {
    const message = `${label} cannot be read: its manifest ${manifest} is damaged. Pull it again in Ollama.`;
    return { label, path: manifest, problem: new ModelFileError("CORRUPT_MODEL", message) };
  }
  const [digest] = digests;
  if (digest === undefined) return null;
  const path = join(folder, "blobs", digest.toLowerCase().replace(":", "-"));
  const isThere = await stat(path).then(
    () => true,
    cause => cause.code !== "ENOENT",
  );
  if (isThere) return { label, path, problem: null };
  const message = `${label} has no file: ${path} is missing. Ollama may still be fetching it; otherwise pull it again there.`;
  return { label, path, problem: new ModelFileError("MODEL_NOT_FOUND", message) };
}

/** null for a manifest that is none. */
async function weightsIn(manifest: string): Promise<string[] | null> {
  try {
    const { layers } = manifestSchema.parse(JSON.parse((await readSmallFile(manifest)) ?? ""));
    return layers.filter(({ mediaType }) => mediaType === MODEL_LAYER).map(({ digest }) => digestSchema.parse(digest));
  } catch {
    return null;
  }
}
