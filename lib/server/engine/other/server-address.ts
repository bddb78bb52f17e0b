import { RequestError } from "@/lib/server/system/request-error";

/**
 * The address of a server as people write it: with or without http://, with or without the /v1 that most programs ask for.
 *
 * @returns without /v1 and without a slash at the end
 * @throws RequestError INVALID_INPUT
 */
export function parseServerAddress(text: string): string {
  const written = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  if (!URL.canParse(whole)) throw refused(written, "is no address: write it as http://host:port");
  const url = new URL(whole);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refused(written, "must begin with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw refused(url.host, "must not hold a password: use the field for the key");
  if (url.search !== "" || url.hash !== "") throw refused(url.host, "must end before any ? or #");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1(?:\/(?:chat\/)?(?:completions|models))?$/, "");
  return `${url.origin}${path}`;
}

const refused = (address: string, rule: string): RequestError =>
  new RequestError("INVALID_INPUT", `The address ${JSON.stringify(address)} ${rule}.`);
