import { RemoteHeaderError } from "./remote-header-error";
import { HUB_NAME } from "./remote-source";

/** What somebody pasted: a file, or a repository in which one must be chosen. */
export type RemoteAddress =
  | { readonly kind: "file"; readonly source: string }
  | {
      readonly kind: "repository";
      readonly owner: string;
      readonly repository: string;
      readonly revision: string;
      /** The part after the colon of `owner/repo:Q4_K_M`. */
      readonly quantization: string | null;
    };

/** Host names that people write for the hub. */
const HUB_HOSTS = ["huggingface.co", "www.huggingface.co", "hf.co"];
/** The words before an address in the commands that model pages offer to copy: "ollama run", "llama-server -hf". */
const COMMAND = /^(?:\S+ )*?(?:ollama (?:run|pull)|(?:llama-\w+|llama \w+).*? (?:-hf|-hfr|--hf-repo)) /i;

/**
 * Reads what people paste: `hf:owner/repo/file.gguf`, `owner/repo`, `owner/repo:Q4_K_M`, a page of the hub, a link to a
 * file, or the command that a model's page shows.
 *
 * @throws RemoteHeaderError INVALID_INPUT
 */
export function parseRemoteAddress(text: string, endpoint: string): RemoteAddress {
  const address = text
    .trim()
    .replace(COMMAND, "")
    .replace(/^["'<]+|["'>]+$/g, "")
    .trim();
  const path = hubPath(address, endpoint);
  if (path !== null) return ofHub(path, address);
  if (/^https?:\/\//i.test(address)) return { kind: "file", source: address };
  throw new RemoteHeaderError(
    "INVALID_INPUT",
    `"${address}" is no address of a model: owner/repo, a page of Hugging Face or the address of a .gguf file is.`,
  );
}

/** What to search for where somebody pasted no address: "ollama run llama3.2:3b" names a model of a list that the hub does not have. */
export const searchWords = (text: string): string => text.trim().replace(COMMAND, "").replaceAll(":", " ").trim();

/** The part after the hub's host. null for another host, and for text that names neither a host nor a repository. */
function hubPath(address: string, endpoint: string): string | null {
  if (/^hf:/i.test(address)) return address.slice(3);
  const host = HUB_HOSTS.find(name => address.toLowerCase().startsWith(`${name}/`));
  if (host !== undefined) return address.slice(host.length + 1);
  if (/^https?:\/\//i.test(address)) {
    if (!URL.canParse(address)) return null;
    const url = new URL(address);
    const isHub = url.origin === new URL(endpoint).origin || HUB_HOSTS.includes(url.hostname);
    if (!isHub || url.username !== "" || url.password !== "") return null;
    const shown = url.searchParams.get("show_file_info");
    const base = new URL(endpoint).pathname.replace(/\/$/, "");
    const path = decoded(url.pathname.startsWith(`${base}/`) ? url.pathname.slice(base.length) : url.pathname).slice(1);
    return shown === null ? path : `${path.replace(/\/$/, "")}/blob/main/${shown}`;
  }
  const [owner = "", repository = ""] = address.split("/");
  return HUB_NAME.test(owner) && HUB_NAME.test(repository.split(/[:@]/)[0] ?? "") ? address : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function ofHub(path: string, address: string): RemoteAddress {
  const [owner = "", named = "", ...rest] = path.replace(/^\/|\/$/g, "").split("/");
  const [, repository = "", ownRevision, quantization = null] = /^([^:@]*)(?:@([^:]+))?(?::(.+))?$/.exec(named) ?? [];
  const [page, pageRevision, ...inPage] = rest;
  const isPage = ["blob", "resolve", "raw", "tree"].includes(page ?? "");
  const revision = ownRevision ?? (isPage ? pageRevision : undefined) ?? "main";
  const file = isPage ? inPage : rest;
  if (!HUB_NAME.test(owner) || !HUB_NAME.test(repository))
    throw new RemoteHeaderError(
      "INVALID_INPUT",
      `"${address}" is not of the form owner/repo or hf:owner/repo/file.gguf.`,
    );
  if (file.at(-1)?.toLowerCase().endsWith(".gguf") === true) {
    const at = revision === "main" ? "" : `@${revision}`;
    return { kind: "file", source: `hf:${owner}/${repository}${at}/${file.join("/")}` };
  }
  if (file.length > 0 && page === "blob")
    throw new RemoteHeaderError("INVALID_INPUT", `"${file.at(-1)}" is no GGUF file: the name must end in .gguf.`);
  return { kind: "repository", owner, repository, revision, quantization };
}
