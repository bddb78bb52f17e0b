import { expect, it } from "vitest";
import { serveHome } from "../testing/serve-home";

const TOKEN = "a-token-of-this-test";
const home = serveHome({});
const openHome = serveHome({}, () => ({ HEADROOM_TOKEN: TOKEN }));

it("programs are told to send a key where one is asked for: when keys are required, and where the server has a token", async () => {
  const areAsked = async (url: string, headers = {}): Promise<boolean> =>
    (await (await fetch(`${url}/api/keys`, { headers })).json()).areAsked;
  expect(await areAsked(home.url)).toBe(false);
  home.services.access.apiKeys.require(true);
  expect(await areAsked(home.url)).toBe(true);
  expect(await areAsked(openHome.url, { authorization: `Bearer ${TOKEN}` })).toBe(true);
});
