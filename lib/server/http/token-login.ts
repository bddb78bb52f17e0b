import type { IncomingMessage, ServerResponse } from "node:http";
import { isApiPath, type Refusal, sameSecret, TOKEN_COOKIE } from "./request-guard";

const LOGIN_PATH = "/login";
const MAX_FORM_BYTES = 4_096;
/** Makes guessing slow. A person does not notice the delay. */
const WRONG_TOKEN_DELAY_MS = 700;
const COOKIE_AGE_S = 30 * 24 * 60 * 60;

/** This page runs and loads nothing; it may only send its one field back here. */
const LOGIN_POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const loginPage = (note: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Headroom</title>
<main><h1>Headroom</h1><p>${note}</p>
<form method="post" action="${LOGIN_PATH}"><label>Token <input name="token" type="password" autocomplete="current-password" required autofocus></label>
<button>Open</button></form></main></html>
`;

function sendPage(response: ServerResponse, note: string): void {
  response.statusCode = 401;
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Content-Security-Policy", LOGIN_POLICY);
  // With no-referrer a browser sends the form with "Origin: null", which the guard refuses.
  response.setHeader("Referrer-Policy", "same-origin");
  response.setHeader("Cache-Control", "no-store");
  response.end(loginPage(note));
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_FORM_BYTES) return new URLSearchParams();
  }
  return new URLSearchParams(text);
}

async function logIn(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  isSecure: boolean,
): Promise<void> {
  const given = (await readForm(request)).get("token") ?? "";
  if (!sameSecret(given, token)) {
    await new Promise(resolve => setTimeout(resolve, WRONG_TOKEN_DELAY_MS));
    return sendPage(response, "That is not the token. It is what HEADROOM_TOKEN was set to.");
  }
  const attributes = `Path=/; Max-Age=${COOKIE_AGE_S}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  response.setHeader("Set-Cookie", `${TOKEN_COOKIE}=${encodeURIComponent(token)}; ${attributes}`);
  response.writeHead(303, { Location: "/" }).end();
}

/**
 * Lets a person with a browser in: asks for the token and keeps it in a cookie that no script can read. Handles only
 * requests that the guard refused for their token; the guard has checked host and origin before.
 *
 * @returns whether it answers
 */
export function answerLogin(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  { token, isSecure }: { readonly token: string | null; readonly isSecure: boolean },
): boolean {
  if (token === null || refusal.status !== 401) return false;
  const path = request.url ?? "";
  if (request.method === "POST" && path === LOGIN_PATH) {
    logIn(request, response, token, isSecure).catch(() => response.destroy());
    return true;
  }
  const wantsPage = request.method === "GET" && !isApiPath(path) && request.headers.accept?.includes("text/html");
  if (wantsPage) sendPage(response, "This Headroom is open to other computers, so it asks for its token.");
  return wantsPage === true;
}
