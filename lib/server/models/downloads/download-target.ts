import { splitPartNames } from "@/lib/gguf/header/split-name";
import { RemoteHeaderError } from "../hub/remote-header-error";
import type { RepositoryAddress } from "../hub/remote-repository";
import { parseRemoteSource } from "../hub/remote-source";
import { resolveInside } from "../library/model-path";

/** Where a model comes from and where it goes. */
export interface DownloadTarget {
  /** The same file is always written the same way: with `hf:` if the hub serves it. */
  readonly source: string;
  /** Path below the models folder, with "/"; of a split model its first part. */
  readonly name: string;
  /** null for a file of another server than the hub. */
  readonly repository: RepositoryAddress | null;
  /** Each part in order. `name` is its path below the models folder. */
  readonly parts: readonly { readonly url: URL; readonly name: string; readonly repositoryPath: string }[];
}

/** Hidden files, names that Windows keeps for devices, and endings that it drops. */
const ODD_SEGMENT = /^\.|[. ]$|[<>:"|?*\\]|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * @param endpoint HF_ENDPOINT
 * @throws RemoteHeaderError, ModelFileError INVALID_INPUT
 */
export function downloadTarget(source: string, endpoint: string): DownloadTarget {
  const urls = parseRemoteSource(source, endpoint);
  const [first] = urls;
  if (first === undefined) throw new RangeError("A model has at least one part.");
  const { path, canonical, repository } = placeOf(first, endpoint);
  const names = splitPartNames(path);
  for (const name of names) {
    resolveInside("/", name);
    if (name.split("/").some(segment => ODD_SEGMENT.test(segment)))
      throw new RemoteHeaderError("INVALID_INPUT", `"${name}" is no name for a file of the models folder.`);
  }
  return {
    source: canonical,
    name: names[0] ?? path,
    repository,
    parts: urls.map((url, index) => {
      const name = names[index] ?? path;
      return { url, name, repositoryPath: name.split("/").slice(2).join("/") };
    }),
  };
}

/** owner/repo/folder/file.gguf for a file of the hub, host/file.gguf for one of another server. */
function placeOf(url: URL, endpoint: string): Pick<DownloadTarget, "repository"> & { path: string; canonical: string } {
  const hub = new URL(endpoint.endsWith("/") ? endpoint : `${endpoint}/`);
  const segments = segmentsOf(url, url.origin === hub.origin ? hub.pathname : "/");
  const [owner = "", repository = "", page, revision = "", ...file] = segments;
  if (url.origin === hub.origin && page === "resolve" && file.length > 0) {
    const at = revision === "main" ? "" : `@${revision}`;
    return {
      path: [owner, repository, ...file].join("/"),
      canonical: `hf:${owner}/${repository}${at}/${file.join("/")}`,
      repository: { kind: "repository", owner, repository, revision, quantization: null },
    };
  }
  return { path: `${url.host.replaceAll(/[^\w.-]/g, "_")}/${segments.at(-1)}`, canonical: url.href, repository: null };
}

function segmentsOf({ pathname }: URL, base: string): string[] {
  const below = pathname.startsWith(base) ? pathname.slice(base.length) : pathname.slice(1);
  try {
    return below.split("/").map(decodeURIComponent);
  } catch {
    throw new RemoteHeaderError("INVALID_INPUT", `"${pathname}" is no name of a file.`);
  }
}
