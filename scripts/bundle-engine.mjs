import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./project-root.mjs";

const library = join(projectRoot, "node_modules/node-llama-cpp/dist");
/** node-llama-cpp starts this file as a separate process to test whether a build of llama.cpp works before it loads the build. */
const probe = "testBindingBinary";

/** Imports of Node's modules for the lines below, under names that no module of the library uses. */
const banner = `
import { existsSync as __exists } from "node:fs";
import { createRequire as __createRequire } from "node:module";
import { dirname as __dirnameOf, join as __join } from "node:path";
import { fileURLToPath as __toPath, pathToFileURL as __toUrl } from "node:url";
const require = __createRequire(import.meta.url);
const __bundleRequire = require;`;

/** The path of a module of the library. The library finds its binaries by this path, wherever the package is installed. */
const urlInLibrary = path =>
  `__toUrl(__join(__dirnameOf(__bundleRequire.resolve("node-llama-cpp")), ${JSON.stringify(path)})).href`;

/** The path of our bundled probe: beside the engine, or one folder above its chunks. */
const urlOfProbe = `__toUrl([".", ".."].map(up => __join(__dirnameOf(__toPath(import.meta.url)), up, "${probe}.mjs")).find(path => __exists(path))).href`;

const inlineLibrary = {
  name: "inline-node-llama-cpp",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node-llama-cpp[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const inLibrary = relative(library, path).split(sep).join("/");
      const url = inLibrary.endsWith(`${probe}.js`) ? urlOfProbe : urlInLibrary(inLibrary);
      return { contents: readFileSync(path, "utf8").replaceAll("import.meta.url", `(${url})`), loader: "js" };
    });
  },
};

/** The probe uses only one table of what it imports. This tells esbuild to leave out modules that are not used; by itself it keeps them. */
const leaveOutUnused = {
  name: "leave-out-unused",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind !== "import-statement" || pluginData === leaveOutUnused) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: leaveOutUnused });
      return found.errors.length > 0 || found.external ? found : { ...found, sideEffects: false };
    });
  },
};

/**
 * The engine with node-llama-cpp's JavaScript inside. Reading its 290 modules one by one takes 0.3 s, and the probe doubles that.
 * Bundled, the engine is ready in a third of the time, which also helps `npm run plan` and every restart after a crash.
 */
export async function buildEngine(options) {
  const common = { ...options, external: ["@node-llama-cpp/*", "@reflink/*"], banner: { js: banner } };
  await Promise.all([
    build({
      ...common,
      entryPoints: { engine: "lib/engine/main.ts" },
      chunkNames: "chunks/engine-[name]-[hash]",
      plugins: [inlineLibrary],
    }),
    build({
      ...common,
      entryPoints: { [probe]: join(library, `bindings/utils/${probe}.js`) },
      splitting: false,
      plugins: [inlineLibrary, leaveOutUnused],
    }),
    build({
      ...options,
      outdir: join(options.outdir, "template-sandbox"),
      entryPoints: ["lib/engine/template-sandbox/relay.mjs", "lib/engine/template-sandbox/renderer.mjs"],
      splitting: false,
    }),
  ]);
}
