import { checkNode, ensureBuilt, ensureBundles, ensureInstalled, run } from "./prepare.mjs";

/** Takes README's pictures from the running product, into docs/pictures. HEADROOM_BROWSER names a browser; without it, Playwright's own. */
checkNode();
await ensureInstalled();
await ensureBundles();
await ensureBuilt();
process.exitCode = await run("npx", ["playwright", "test"], { env: { HEADROOM_PICTURES: "1" } });
