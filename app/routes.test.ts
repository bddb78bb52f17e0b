import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isGuardedRoute } from "@/lib/server/web/route-handler";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function routeFilesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return routeFilesBelow(path);
    return /^route\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const files = routeFilesBelow(import.meta.dirname);

describe("S7 every route of the app is built with the guard", () => {
  it("S7 there are routes to look at", () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files.map(file => file.slice(import.meta.dirname.length + 1)))("S7 %s", async file => {
    const module: Record<string, unknown> = await import(join(import.meta.dirname, file));
    const handlers = METHODS.filter(method => method in module);
    expect(handlers).not.toEqual([]);
    for (const method of handlers) expect(isGuardedRoute(module[method]), method).toBe(true);
  });
});
