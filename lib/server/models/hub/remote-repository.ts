import * as z from "zod";
import { splitPartNames } from "@/lib/gguf/header/split-name";
import type { FileRole, RemoteFile } from "@/lib/schema/models/remote-models";
import { askHub, type HubAnswer } from "./hub-answer";
import type { RemoteAddress } from "./remote-address";
import type { RemoteHeaderOptions } from "./remote-header";
import { RemoteHeaderError } from "./remote-header-error";
import { HUB_NAME, PATH_SEGMENT } from "./remote-source";

export type RepositoryAddress = Extract<RemoteAddress, { kind: "repository" }>;

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().min(0).default(0),
    /** Set for a file whose content the hub knows by its sha256. */
    lfs: z
      .object({ oid: z.string().regex(/^[0-9a-f]{64}$/) })
      .optional()
      .catch(undefined),
  }),
);

/** Of a thousand files each. What a longer list has behind that is not shown. */
const MAX_PAGES = 10;

/** One model of a repository: a file, or all parts of a split one. */
export interface RepositoryFile extends RemoteFile {
  /** From the file's name; the header says more. */
  readonly role: FileRole;
  /** Changes with the content: the sha256 of each part. null if the hub does not give them. */
  readonly contentKey: string | null;
}

export interface RepositoryList {
  /** As the hub calls it now: "owner/repo", with "@revision" behind it if it is not the main one. */
  readonly name: string;
  readonly files: readonly RepositoryFile[];
}

/** What names say about files that are no model to chat with. The first that matches counts. */
const NAMED_ROLES: readonly (readonly [RegExp, FileRole])[] = [
  [/(?:^|[-._/])mmproj(?=[-._])/i, "projector"],
  [/(?:^|[-._/])imatrix(?=[-._])/i, "calibration"],
  [/(?:^|[-._/])lora(?=[-._/])/i, "adapter"],
  [/(?:^|[-._/])(?:draft|eagle\d?)(?=[-._/])/i, "draft"],
];
/** "Q4_K_M", "IQ2_XXS", "UD-Q4_K_XL", "BF16" between the separators of a file's name. */
const QUANTIZATION =
  /(?:^|[-._/])((?:UD-)?(?:I?Q\d+(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|F16|F32))(?=[-._/]|$)/gi;

const roleInName = (path: string): FileRole => NAMED_ROLES.find(([pattern]) => pattern.test(path))?.[1] ?? "text";

const quantizationInName = (path: string): string | null =>
  [...path.replace(/\.gguf$/i, "").matchAll(QUANTIZATION)].at(-1)?.[1]?.toUpperCase() ?? null;

/** A name that could lead out of a folder, or that no address can be made of, is left out. */
const isSoundPath = (path: string): boolean =>
  path.length <= 1024 &&
  path.split("/").every(segment => PATH_SEGMENT.test(segment) && segment !== "." && segment !== "..");

const isChatModel = ({ role }: RepositoryFile): boolean => role === "text";

/**
 * All GGUF models of a repository, smallest first, and what cannot chat by itself behind them. The first part of a split model stands for all parts.
 *
 * @throws RemoteHeaderError
 */
export async function listRepository(
  address: RepositoryAddress,
  options: RemoteHeaderOptions,
): Promise<RepositoryList> {
  const { entries, name } = await readTree(address, options);
  const files = entries.filter(({ type, path }) => type === "file" && /\.gguf$/i.test(path) && isSoundPath(path));
  const entryOf = new Map(files.map(entry => [entry.path, entry]));
  const models = files
    .filter(({ path }) => splitPartNames(path)[0] === path)
    .map(({ path }) => modelOf(path, name, entryOf))
    .sort((a, b) => Number(isChatModel(b)) - Number(isChatModel(a)) || a.fileBytes - b.fileBytes);
  if (models.length > 0) return { name, files: models };
  throw new RemoteHeaderError(
    "INVALID_INPUT",
    `${name} holds no GGUF file of a chat model: look for a repository whose name ends in -GGUF.`,
  );
}

function modelOf(
  path: string,
  repository: string,
  entryOf: ReadonlyMap<string, z.infer<typeof treeSchema>[number]>,
): RepositoryFile {
  const parts = splitPartNames(path).map(part => entryOf.get(part));
  const hashes = parts.map(part => part?.lfs?.oid);
  return {
    source: `hf:${repository}/${path}`,
    name: path,
    fileBytes: parts.reduce((sum, part) => sum + (part?.size ?? 0), 0),
    quantization: quantizationInName(path),
    role: roleInName(path),
    contentKey: hashes.includes(undefined) ? null : hashes.join(" "),
  };
}

/**
 * The models that can answer, and of these the ones that `:Q4_K_M` selects; a file's name is accepted as well.
 *
 * @throws RemoteHeaderError when there is none
 */
export function chosenFiles({ files, name }: RepositoryList, quantization: string | null): RemoteFile[] {
  const models = files
    .filter(({ role }) => role === "text")
    .map(({ source, name: path, fileBytes, quantization: type }) => ({
      source,
      name: path,
      fileBytes,
      quantization: type,
    }));
  if (models.length === 0)
    throw new RemoteHeaderError(
      "INVALID_INPUT",
      `${name} holds no GGUF file of a chat model: look for a repository whose name ends in -GGUF.`,
    );
  return chosen(models, quantization, name);
}

function chosen(files: RemoteFile[], quantization: string | null, name: string): RemoteFile[] {
  if (quantization === null || quantization.toLowerCase() === "latest") return files;
  const upperName = quantization.toUpperCase();
  const found = files.filter(file => file.quantization === upperName || file.name.toUpperCase() === upperName);
  if (found.length > 0) return found;
  const there = [...new Set(files.flatMap(file => file.quantization ?? []))].join(", ");
  throw new RemoteHeaderError("MODEL_NOT_FOUND", `${name} has no ${quantization}; it has ${there || "other files"}.`);
}

/**
 * The sha256 of each file that the hub keeps in LFS, by its path in the repository.
 *
 * @throws RemoteHeaderError
 */
export async function publishedHashes(
  address: RepositoryAddress,
  options: RemoteHeaderOptions,
): Promise<ReadonlyMap<string, string>> {
  const { entries } = await readTree(address, options);
  return new Map(entries.flatMap(({ path, lfs }) => (lfs === undefined ? [] : [[path, lfs.oid] as const])));
}

/** The hub gives a thousand files at a time. */
async function readTree({ owner, repository, revision }: RepositoryAddress, options: RemoteHeaderOptions) {
  const folder = ["api", "models", owner, repository, "tree", revision].map(encodeURIComponent).join("/");
  const entries: z.infer<typeof treeSchema> = [];
  const subject = `${owner}/${repository}`;
  let name = subject;
  let path: string | null = `${folder}?recursive=true`;
  for (let pages = 0; path !== null && pages < MAX_PAGES; pages++) {
    const page: HubAnswer<z.infer<typeof treeSchema>> = await askHub({ path, subject, schema: treeSchema }, options);
    const { answer, url, nextPath } = page;
    entries.push(...answer);
    // The hub redirects from a repository's old name to its new one.
    const [, newOwner = "", newName = ""] = /\/api\/models\/([^/]+)\/([^/]+)\/tree\//.exec(url.pathname) ?? [];
    if (HUB_NAME.test(newOwner) && HUB_NAME.test(newName)) name = `${newOwner}/${newName}`;
    path = nextPath;
  }
  return { entries, name: revision === "main" ? name : `${name}@${revision}` };
}
