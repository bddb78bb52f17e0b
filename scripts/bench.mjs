import { checkNode, ensureBuilt, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
await ensureInstalled();
await ensureBundles();
await ensureBuilt();
await import("../dist/bench.mjs");
