import { splitPartCount, splitPartNames } from "@/lib/gguf/header/split-name";
import { RemoteHeaderError } from "./remote-header-error";

/** What Hugging Face allows in names of owners and repositories. */
export const HUB_NAME = /^(?!.*(?:\.\.|--))[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
/** What a file or folder inside a repository may be called here. Marks that turn the direction of text would show another name. */
export const PATH_SEGMENT = /^[^\\/:*?"<>|\p{Cc}\p{Bidi_Control}]{1,255}$/u;
const MAX_SOURCE_CHARACTERS = 2048;
/** The largest splits on the hub have about 50 parts. */
const MAX_PARTS = 200;

/**
 * Addresses of all parts of a remote model, in order; one address if the model is a single file. Any part of a split stands for the whole.
 *
 * @param source an http(s) address, or `hf:owner/repo/folder/file.gguf` with an optional `@revision` behind the repository
 * @param endpoint of the hub: the server that `hf:` means, and the only origin that may be plain http
 * @throws RemoteHeaderError INVALID_INPUT
 */
export function parseRemoteSource(source: string, endpoint: string): readonly URL[] {
  if (source.length > MAX_SOURCE_CHARACTERS) refuse(`The address is longer than ${MAX_SOURCE_CHARACTERS} characters.`);
  const url = /^hf:/i.test(source) ? hubAddress(source.slice(3), endpoint) : fileOfPage(webAddress(source), endpoint);
  if (!url.pathname.endsWith(".gguf")) refuse(`"${url.pathname}" is no GGUF file: the name must end in .gguf.`);
  return partAddresses(url);
}

function webAddress(source: string): URL {
  const url = URL.canParse(source) ? new URL(source) : refuse(`"${source}" is no address.`);
  if (url.protocol !== "https:" && url.protocol !== "http:") refuse(`"${source}" is no web address.`);
  if (url.username !== "" || url.password !== "") refuse("An address with a user name or password is not taken.");
  return url;
}

/** People copy the address of the hub's page of a file; the file itself has another address. */
function fileOfPage(url: URL, endpoint: string): URL {
  if (url.origin === new URL(endpoint).origin)
    url.pathname = url.pathname.replace(/^(\/[^/]+\/[^/]+)\/blob\//, "$1/resolve/");
  return url;
}

/** Built from checked parts and never parsed as an address: `evil.example:443` and `user@host` are not valid owners. */
function hubAddress(text: string, endpoint: string): URL {
  const [owner = "", repositoryAndRevision = "", ...path] = text.split("/");
  const [repository = "", revision = "main", ...more] = repositoryAndRevision.split("@");
  const sound =
    HUB_NAME.test(owner) &&
    HUB_NAME.test(repository) &&
    HUB_NAME.test(revision) &&
    more.length === 0 &&
    path.length > 0 &&
    path.every(segment => PATH_SEGMENT.test(segment) && segment !== "." && segment !== "..");
  if (!sound) refuse(`"hf:${text}" is not of the form hf:owner/repo/file.gguf.`);
  const segments = [owner, repository, "resolve", revision, ...path].map(encodeURIComponent);
  return new URL(segments.join("/"), endpoint.endsWith("/") ? endpoint : `${endpoint}/`);
}

function partAddresses(url: URL): readonly URL[] {
  const parts = splitPartCount(url.pathname);
  if (parts < 1 || parts > MAX_PARTS) refuse(`A model in ${parts} parts is not taken; at most ${MAX_PARTS} are.`);
  return splitPartNames(url.pathname).map(pathname => {
    const part = new URL(url);
    part.pathname = pathname;
    return part;
  });
}

function refuse(message: string): never {
  throw new RemoteHeaderError("INVALID_INPUT", message);
}
