import { checkNode, ensureBuilt, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
ensureInstalled();
await ensureBundles();
ensureBuilt();
await import("../dist/bench.mjs");
