import type { BenchOptions } from "./bench-options";

/** Each suite is loaded only when it is chosen, because suites import servers, browsers and the engine. */
const suites: Record<string, () => Promise<(options: BenchOptions) => Promise<void>>> = {
  api: async () => (await import("./api")).benchApi,
  chat: async () => (await import("./chat")).benchChat,
  clients: async () => (await import("./clients")).benchClients,
  downloads: async () => (await import("./downloads")).benchDownloads,
  durability: async () => (await import("./durability")).benchDurability,
  engine: async () => (await import("./engine")).benchEngine,
  hub: async () => (await import("./hub")).benchHub,
  idle: async () => (await import("./idle")).benchIdle,
  fit: async () => (await import("./fit")).benchFit,
  plan: async () => (await import("./plan")).benchPlan,
  settle: async () => (await import("./settle")).benchSettle,
  speed: async () => (await import("./speed")).benchSpeed,
  speculation: async () => (await import("./speculation")).benchSpeculation,
  placement: async () => (await import("./placement")).benchPlacement,
  offload: async () => (await import("./offload")).benchOffload,
};

const [suiteName, ...args] = process.argv.slice(2).filter(argument => argument !== "--json");
const load = suiteName === undefined ? undefined : suites[suiteName];
if (load === undefined) {
  console.error(`Which benchmark? npm run bench -- ${Object.keys(suites).join(" | ")} [--json]`);
  process.exit(2);
}
const runSuite = await load();
await runSuite({ json: process.argv.includes("--json"), args });
process.exit(0);
