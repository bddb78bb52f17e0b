import { checkNode, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
ensureInstalled();
await ensureBundles();
await import("../dist/plan.mjs");
