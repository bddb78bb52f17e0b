import { checkNode, ensureBuilt, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
await ensureInstalled();
await ensureBundles();
if (!process.argv.includes("--bundles")) await ensureBuilt();
