import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, it } from "vitest";

/** architecture.md's table: a folder may import itself and the folders listed beside it. */
const mayImport: Record<string, readonly string[]> = {
  "lib/units": [],
  "lib/schema": ["lib/units"],
  "lib/gguf": ["lib/schema", "lib/units"],
  "lib/plan": ["lib/gguf", "lib/schema", "lib/units"],
  "lib/json-grammar": [],
  "lib/engine": ["lib/json-grammar", "lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  "lib/server": ["lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  "lib/client": ["lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  components: ["lib/client", "lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  app: ["components", "lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  e2e: ["lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  // Thin entry points and benchmarks are the top layer. Nothing may import them.
  scripts: ["lib/server", "lib/plan", "lib/gguf", "lib/schema", "lib/units"],
  bench: ["e2e", "lib/server", "lib/engine", "lib/plan", "lib/gguf", "lib/schema", "lib/units"],
};

/** Inside lib/server, bottom to top: a row may import the rows above it. Folders in the same row may not import each other. */
const serverLayers: readonly (readonly string[])[] = [
  ["system"],
  ["engine"],
  ["gpu", "models", "settings", "access"],
  ["planning"],
  ["loading"],
  ["chat", "benchmark", "comparison", "llama-build"],
  ["http"],
  ["compose"],
  ["routes"],
];

const onlyEngineImports = /^node-llama-cpp/;
/** Pure folders run in the browser: nothing of Node, of React or of Next. */
const pureFolders = ["lib/units", "lib/schema", "lib/gguf", "lib/json-grammar", "lib/plan"];
const pureImports = /^(zod|@\/|\.)/;

/** Code for the browser uses the small build of zod, so that only the used parts are shipped. */
const browserFolders = ["lib/schema", "lib/client", "components"];

const sourceFile = /\.(ts|tsx)$/;
/** Tests, and files that only tests use. */
const testFile = /\.(test|spec)\.tsx?$|\/testing\//;

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return sourceFile.test(entry.name) ? [path] : [];
  });
}

const isLiteral = (node: unknown): node is { readonly value: string } =>
  typeof node === "object" && node !== null && "value" in node && typeof node.value === "string";

/** Each check asks for the imports of all files. */
const parsed = new Map<string, readonly string[]>();

/** All that a file names: its imports, what it exports from elsewhere, and what it loads later or takes a type from. */
function importsOf(file: string): readonly string[] {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const specifiers: string[] = [];
  const take = ({ source }: { readonly source: unknown }) => {
    if (isLiteral(source)) specifiers.push(source.value);
  };
  new Visitor({
    ImportDeclaration: take,
    ExportAllDeclaration: take,
    ExportNamedDeclaration: take,
    ImportExpression: take,
    TSImportType: take,
  }).visit(parseSync(file, readFileSync(file, "utf8")).program);
  parsed.set(file, specifiers);
  return specifiers;
}

/** Project path of an import without its extension, or null for a package. */
function projectPath(file: string, specifier: string): string | null {
  if (specifier.startsWith("@/")) return normalize(specifier.slice(2));
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  return null;
}

const folderOf = (path: string): string =>
  path.startsWith("lib/") ? path.split("/").slice(0, 2).join("/") : (path.split("/")[0] ?? "");

const roots = ["app", "components", "lib", "e2e", "bench", "scripts"];
const files = roots.flatMap(sourcesBelow).map(path => path.replaceAll("\\", "/"));
const shipped = files.filter(file => !testFile.test(file));

function breaches(file: string): string[] {
  const folder = folderOf(file);
  return importsOf(file).flatMap(specifier => {
    const target = projectPath(file, specifier);
    if (target === null) {
      if (onlyEngineImports.test(specifier) && folder !== "lib/engine" && folder !== "bench")
        return [`${file} -> ${specifier}`];
      return pureFolders.includes(folder) && !testFile.test(file) && !pureImports.test(specifier)
        ? [`${file} -> ${specifier}`]
        : [];
    }
    const targetFolder = folderOf(target);
    if (targetFolder === folder || (mayImport[folder] ?? []).includes(targetFolder)) return [];
    // What the browser tests stand on is for tests as well.
    if (folder === "e2e" && target.includes("/testing/")) return [];
    return target === "package.json" ? [] : [`${file} -> ${target}`];
  });
}

/** "lib/server/planning/planner" -> "planning"; null outside lib/server. */
const serverFolderOf = (path: string): string | null => /^lib\/server\/([^/]+)\//.exec(path)?.[1] ?? null;
const layerOf = (folder: string): number => serverLayers.findIndex(layer => layer.includes(folder));

/** Imports inside lib/server that lead up or sideways. */
function serverBreaches(file: string): string[] {
  const folder = serverFolderOf(file);
  if (folder === null) return [];
  return importsOf(file).flatMap(specifier => {
    const target = projectPath(file, specifier);
    const targetFolder = target === null ? null : serverFolderOf(target);
    if (targetFolder === null || targetFolder === folder || layerOf(targetFolder) < layerOf(folder)) return [];
    return [`${file} -> ${target}`];
  });
}

function importGraph(): Map<string, string[]> {
  const known = new Map(shipped.map(file => [file.replace(sourceFile, ""), file]));
  return new Map(
    shipped.map(file => [
      file,
      importsOf(file).flatMap(specifier => {
        const target = projectPath(file, specifier);
        const found = target === null ? undefined : known.get(target);
        return found ? [found] : [];
      }),
    ]),
  );
}

/** The first import cycle found, as a list of files, or an empty list. */
function findCycle(graph: Map<string, string[]>): string[] {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    finished.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe("the layers of architecture.md", () => {
  it("sees the project's files and their imports", () => {
    expect(shipped.length).toBeGreaterThan(30);
    expect(importGraph().get("lib/schema/settings/settings.ts")).toEqual([
      "lib/schema/plans/kv-type.ts",
      "lib/schema/settings/chat-settings.ts",
      "lib/schema/settings/setting-row.ts",
    ]);
  });

  it("lets no folder import what its row does not list", () => {
    expect(files.filter(file => !testFile.test(file)).flatMap(breaches)).toEqual([]);
  });

  it("lets no layer of lib/server import one that stands higher or beside it", () => {
    const folders = new Set(shipped.map(serverFolderOf).filter(folder => folder !== null));
    expect([...folders].sort()).toEqual(serverLayers.flat().sort());
    expect(shipped.filter(file => file.startsWith("lib/server/") && serverFolderOf(file) === null)).toEqual([]);
    expect(shipped.flatMap(serverBreaches)).toEqual([]);
    expect(layerOf("compose")).toBeGreaterThan(layerOf("http"));
  });

  it("has no loop of folders inside a folder of lib or a layer of lib/server", () => {
    const roomOf = (path: string): string | null =>
      /^lib\/(?:server\/[^/]+|(?!server\/)[^/]+)\/[^/]+(?=\/)/.exec(path)?.[0] ?? null;
    const rooms = new Map<string, string[]>();
    for (const file of shipped) {
      const room = roomOf(file);
      const targets = importsOf(file).map(specifier => roomOf(projectPath(file, specifier) ?? ""));
      const others = targets.filter(target => target !== null && target !== room);
      if (room !== null) rooms.set(room, [...(rooms.get(room) ?? []), ...others.filter(other => other !== null)]);
    }
    expect(rooms.get("lib/server/models/hub")).toContain("lib/server/models/library");
    expect(rooms.get("lib/plan/words")).toContain("lib/plan/memory");
    expect(findCycle(rooms)).toEqual([]);
  });

  it("has no import cycle", () => {
    expect(findCycle(importGraph())).toEqual([]);
  });

  it("ships no more of zod to the browser than its small build", () => {
    const inBrowser = shipped.filter(file => browserFolders.includes(folderOf(file)));
    expect(inBrowser.filter(file => importsOf(file).includes("zod"))).toEqual([]);
    expect(importsOf("lib/schema/settings/settings.ts")).toContain("zod/mini");
  });

  it("finds a breach and a cycle when there is one", () => {
    const cyclic = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a"]],
    ]);
    expect(findCycle(cyclic)).toEqual(["a", "b", "c", "a"]);
    expect(folderOf("lib/plan/cards/budget.ts")).toBe("lib/plan");
    expect((mayImport["lib/plan"] ?? []).includes("lib/server")).toBe(false);
  });

  it("has no barrel file and no folder or file for homeless functions", () => {
    const homeless = /(^|\/)(index|utils|helpers|common|types|misc)(\.tsx?$|\/)/;
    expect(files.filter(file => homeless.test(file))).toEqual([]);
  });

  it("gives no two things one exported name", () => {
    const exported = /^export (?:default )?(?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm;
    const places = new Map<string, string[]>();
    // Routes export what Next asks for, and a screen's page class has the name of its page.
    for (const file of files.filter(path => !/^(app|e2e)\//.test(path)))
      for (const [, name = ""] of readFileSync(file, "utf8").matchAll(exported))
        places.set(name, [...(places.get(name) ?? []), file]);
    expect([...places].filter(([, found]) => found.length > 1)).toEqual([]);
    expect(places.get("settingRows")).toEqual(["lib/schema/settings/settings.ts"]);
  });

  it("names every file in kebab-case, or as Next asks", () => {
    const nameOf = (file: string) => file.split("/").at(-1) ?? "";
    expect(files.filter(file => !/^[a-z0-9-]+(\.(test|spec|model\.test|d))?\.tsx?$/.test(nameOf(file)))).toEqual([]);
  });
});
