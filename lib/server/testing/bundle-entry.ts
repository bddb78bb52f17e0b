import { basename, join } from "node:path";
import { build } from "esbuild";

/** A program of the tests as JavaScript; inside the project, so that it finds the native packages. The caller removes it. */
export async function bundleEntry(rootFolder: string, entry: string): Promise<string> {
  const name = `${basename(entry, ".ts")}-${process.pid}.mjs`;
  const outfile = join(rootFolder, "node_modules", ".cache", "headroom", name);
  await build({
    entryPoints: [join(rootFolder, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    tsconfig: join(rootFolder, "tsconfig.json"),
    logLevel: "error",
  });
  return outfile;
}
