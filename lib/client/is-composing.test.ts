import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isComposing } from "./is-composing";

describe("U11 a key of an input method", () => {
  it.each([
    ["an Enter of ours", { isComposing: false, keyCode: 13 }, false],
    ["Chrome's and Firefox's Enter that ends a composition", { isComposing: true, keyCode: 13 }, true],
    ["the same with the code of a process key", { isComposing: true, keyCode: 229 }, true],
    ["Safari's, which comes after the composition has ended", { isComposing: false, keyCode: 229 }, true],
    ["an Escape of ours", { isComposing: false, keyCode: 27 }, false],
  ])("%s", (_what, key, expected) => {
    expect(isComposing(key)).toBe(expected);
    expect(isComposing({ nativeEvent: key })).toBe(expected);
  });
});

const sourcesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name) ? [path] : [];
  });

/** A field that handles these keys itself. */
const actsOnKeys = (text: string): boolean =>
  /key(?:\.key)? [!=]==? "(?:Enter|Escape)"|"(?:Enter|Escape)"\)/.test(text);

it("U11 each handler that acts on Enter or Escape asks first", () => {
  const handlers = [...sourcesBelow("components"), ...sourcesBelow("lib/client"), ...sourcesBelow("app")].filter(path =>
    actsOnKeys(readFileSync(path, "utf8")),
  );
  expect(handlers.length).toBeGreaterThan(8);
  expect(handlers.filter(path => !readFileSync(path, "utf8").includes("isComposing("))).toEqual([]);
});
