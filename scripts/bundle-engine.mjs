import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./prepare.mjs";

const library = join(projectRoot, "node_modules/node-llama-cpp/dist");
/** node-llama-cpp starts this file as a process of its own, to see whether a build of llama.cpp works here before it loads it. */
const probe = "testBindingBinary";

/** Node's own modules for the lines below, under names that no module of the library uses. */
const banner = `
import { existsSync as __exists } from "node:fs";
import { createRequire as __createRequire } from "node:module";
import { dirname as __dirnameOf, join as __join } from "node:path";
import { fileURLToPath as __toPath, pathToFileURL as __toUrl } from "node:url";
const require = __createRequire(import.meta.url);
const __bundleRequire = require;`;

/** Where a module of the library lies on disk: it finds its binaries by that, wherever the package is installed. */
const urlInLibrary = path =>
  `__toUrl(__join(__dirnameOf(__bundleRequire.resolve("node-llama-cpp")), ${JSON.stringify(path)})).href`;

/** The probe as we bundled it: beside the engine, or one folder above its chunks. */
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

/** Of what the probe imports it uses one table: modules none of whose names are used are left out, which esbuild dares only when told. */
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
 * The engine with node-llama-cpp's JavaScript inside. Its 290 modules take 0.3 s to read one by one, twice over because of the probe;
 * bundled, the engine is up in a third of the time, and so are `npm run plan` and every restart after a crash.
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
  ]);
}
