import { checkNode, ensureBuilt, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
ensureInstalled();
await ensureBundles();
if (!process.argv.includes("--bundles")) ensureBuilt();
