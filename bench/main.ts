/** `npm run bench -- [suite] [--json]`: each suite prints a table with ratios; --json prints the same figures for machines. */
type Suite = (options: { json: boolean; args: readonly string[] }) => Promise<void>;

const suites: Record<string, () => Promise<Suite>> = {};

const [name, ...args] = process.argv.slice(2).filter(argument => argument !== "--json");
const json = process.argv.includes("--json");
const load = name === undefined ? undefined : suites[name];

if (load === undefined) {
  console.error(`Which benchmark? npm run bench -- ${Object.keys(suites).join(" | ")} [--json]`);
  process.exit(2);
}
const suite = await load();
await suite({ json, args });
