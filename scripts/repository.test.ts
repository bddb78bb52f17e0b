import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { settingKeys } from "@/lib/schema/settings/settings";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
});

const lock = lockSchema.parse(JSON.parse(readFileSync("package-lock.json", "utf8")));
const manifest = packageSchema.parse(JSON.parse(readFileSync("package.json", "utf8")));
const locked = (name: string) => lock.packages[`node_modules/${name}`]?.version ?? "0.0.0";

const isAtLeast = (version: string, floor: string): boolean => {
  const [a, b] = [version, floor].map(text => text.split(".").map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (a?.[part] ?? 0) - (b?.[part] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
};

describe("the repository", () => {
  it("holds the default model byte for byte as models/README.md states it", () => {
    const bytes = readFileSync("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    expect(bytes.length).toBe(98_362_432);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(
      "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    );
  });

  it("explains every setting in README", () => {
    const table = readFileSync("README.md", "utf8");
    expect(settingKeys.filter(key => !table.includes(`\`${key}\``))).toEqual([]);
  });

  it("pins every dependency to one exact version", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(version => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("has no download address in the lockfile", () => {
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved?.startsWith("http"))).toEqual([]);
  });

  // npm ci refuses a lockfile that lacks them; scripts/complete-lockfile.mjs adds what a registry did not serve.
  it("C2 locks the packages of other platforms as well", () => {
    const optional = Object.values(lock.packages).flatMap(entry => Object.keys(entry.optionalDependencies ?? {}));
    expect(optional.length).toBeGreaterThan(50);
    expect(optional.filter(name => locked(name) === "0.0.0")).toEqual([]);
  });

  // Lowest versions: Next below 16.4.5 has known remote code execution; the planner depends on the dry run of this node-llama-cpp.
  it.each([
    ["next", "16.4.5"],
    ["react", "19.3.0"],
    ["zod", "4.0.0"],
  ])("C1 locks %s at %s or later", (name, floor) => {
    expect(isAtLeast(locked(name), floor)).toBe(true);
  });

  it("C1 locks node-llama-cpp at exactly 3.22.1", () => {
    expect(locked("node-llama-cpp")).toBe("3.22.1");
  });

  it("explains each term once in the glossary, in order, and names files that are there", () => {
    const [, field = "", own = ""] = readFileSync("docs/glossary.md", "utf8").split("\n## ");
    const rows = (text: string) =>
      [...text.matchAll(/^\| ([^|]+?) \| (.+?) \|(?: `([^`]+)` \|)?$/gm)].filter(([, term]) => term !== "term");
    const termsOf = (text: string) => rows(text).map(([, term = ""]) => term);
    for (const part of [field, own]) {
      const sorted = termsOf(part).toSorted((one, other) => one.localeCompare(other, "en"));
      expect(termsOf(part)).toEqual(sorted);
    }
    const terms = [...termsOf(field), ...termsOf(own)];
    expect(terms.length).toBeGreaterThan(60);
    expect(new Set(terms).size).toBe(terms.length);
    const files = rows(own).map(([, , , file = ""]) => file);
    expect(files.filter(file => !existsSync(file))).toEqual([]);
  });
});
