import { readFileSync, writeFileSync } from "node:fs";

/**
 * Run this after adding a dependency. npm leaves packages of other platforms out of the lockfile when the registry in use does not
 * serve them, and then `npm ci` refuses the lockfile everywhere. This adds them again, with the platform from their names.
 */
const systems = ["android", "darwin", "win32", "freebsd", "linux", "openharmony", "mac", "win"];
const processors = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "wasm32"];
const nodeName = { mac: "darwin", win: "win32" };

/** "@scope/binding-linux-arm-musleabihf" -> {os, cpu, libc} as package.json states them. */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  const os = systems.find(system => words.includes(system));
  const cpu = processors.find(processor => words.includes(processor));
  const libc = words.some(word => word.startsWith("musl"))
    ? "musl"
    : words.some(word => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return {
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(os === "linux" && libc ? { libc: [libc] } : {}),
    ...(os ? { os: [nodeName[os] ?? os] } : {}),
  };
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const added = [];
for (const owner of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (path in lock.packages || Object.keys(platform).length === 0) continue;
    lock.packages[path] = { version, ...platform, ...(owner.dev ? { dev: true } : {}), optional: true };
    added.push(name);
  }
}
const [root, ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => a.localeCompare(b, "en"))]);
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? "The lockfile is complete." : `Added ${added.length}: ${added.join(", ")}`);
