import { checkNode, ensureBundles, ensureInstalled } from "./prepare.mjs";

checkNode();
await ensureInstalled();
await ensureBundles();
await import("../dist/models.mjs");
