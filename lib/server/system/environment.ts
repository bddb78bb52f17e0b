import { isIP } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { StartError } from "./start-error";

const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "::1", "localhost"];
/** Shorter ones can be guessed over a local network within days. */
const MIN_TOKEN_CHARACTERS = 16;

const emptyAsMissing = (value: unknown): unknown => (value === "" ? undefined : value);
const optionalText = z.preprocess(emptyAsMissing, z.string().optional());

/** Each level includes those before it. */
export const logLevels = ["silent", "error", "warn", "info", "debug"] as const;

const environmentSchema = z.object({
  PORT: z.preprocess(emptyAsMissing, z.coerce.number().int().min(1).max(65_535).default(3000)),
  HOST: z.preprocess(emptyAsMissing, z.string().default("127.0.0.1")),
  HEADROOM_TOKEN: z.preprocess(emptyAsMissing, z.string().min(MIN_TOKEN_CHARACTERS).optional()),
  HEADROOM_ALLOWED_HOSTS: optionalText,
  /** Addresses of the proxies in front, whose X-Forwarded headers count. */
  HEADROOM_PROXY: optionalText,
  HEADROOM_HOME: optionalText,
  HEADROOM_MODELS_DIR: optionalText,
  /** Another program instead of the engine: the scripted one of the tests. */
  HEADROOM_ENGINE_ENTRY: optionalText,
  HEADROOM_GPU: z.preprocess(emptyAsMissing, z.enum(["auto", "cuda", "vulkan", "metal", "off"]).default("auto")),
  HF_TOKEN: optionalText,
  HF_ENDPOINT: z.preprocess(emptyAsMissing, z.url({ protocol: /^https?$/ }).default("https://huggingface.co")),
  /** Checks replies against lib/schema/api.ts. Development always does; the browser tests turn it on with this. */
  HEADROOM_CHECK_CONTRACT: optionalText,
  NODE_ENV: optionalText,
  LOG_LEVEL: z.preprocess(emptyAsMissing, z.enum(logLevels).default("warn")),
});

type ParsedEnvironment = z.infer<typeof environmentSchema>;

/** Everything that Headroom takes from the environment, checked once at the start. */
export interface Environment {
  readonly port: number;
  readonly host: string;
  readonly token: string | null;
  /** Exact values of the Host header that are accepted, lower case. */
  readonly allowedHosts: readonly string[];
  /** IP addresses of the proxies in front. Only what they say about the sender counts. */
  readonly trustedProxies: readonly string[];
  readonly projectRoot: string;
  readonly homeFolder: string;
  readonly dataFolder: string;
  readonly modelsFolder: string;
  readonly enginePath: string;
  readonly gpu: ParsedEnvironment["HEADROOM_GPU"];
  readonly hubToken: string | null;
  readonly hubEndpoint: string;
  readonly checkContract: boolean;
  readonly logLevel: ParsedEnvironment["LOG_LEVEL"];
}

/** A host with its port. Port 80 may also be omitted. A name that already has a port is used unchanged. */
function hostHeaders(name: string, port: number): string[] {
  if (/^(?:\[[^\]]+\]|[^:]+):\d+$/.test(name)) return [name.toLowerCase()];
  const host = name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
  return [`${host}:${port}`.toLowerCase(), ...(port === 80 ? [host.toLowerCase()] : [])];
}

/** Behind a proxy on 80 or 443 a browser sends the host without a port, so a listed name counts with and without our port. */
const listedHosts = (list: string, port: number): string[] =>
  list
    .split(",")
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== "")
    .flatMap(name => [name, ...hostHeaders(name, port)]);

/** Other names than this computer's own, or a proxy in front, bring people from elsewhere to a server on loopback as well. */
function refuseOpenDoor(parsed: ParsedEnvironment): void {
  if (parsed.HEADROOM_TOKEN && parsed.HEADROOM_ALLOWED_HOSTS) return;
  if (LOOPBACK_HOSTS.includes(parsed.HOST)) {
    const opening = parsed.HEADROOM_PROXY ? "HEADROOM_PROXY" : "HEADROOM_ALLOWED_HOSTS";
    if (parsed[opening] === undefined || parsed.HEADROOM_TOKEN) return;
    throw new StartError(
      `${opening} lets other computers reach Headroom: set HEADROOM_TOKEN (at least ${MIN_TOKEN_CHARACTERS} characters) as well, or leave ${opening} out.`,
    );
  }
  throw new StartError(
    `HOST=${parsed.HOST} would open Headroom to other computers: set HEADROOM_TOKEN (at least ${MIN_TOKEN_CHARACTERS} characters) and HEADROOM_ALLOWED_HOSTS (the names that browsers will use) as well, or leave HOST out.`,
  );
}

/** @throws StartError for a name: what it stands for could change */
function proxyAddress(address: string): string[] {
  if (address === "") return [];
  if (isIP(address) !== 0) return [address];
  throw new StartError(
    `HEADROOM_PROXY must be IP addresses, such as 127.0.0.1, and ${JSON.stringify(address)} is none.`,
  );
}

/** A shell expands "~" only where it stands alone. In a service's file or after "=" it arrives unchanged. */
export const withHomeFolder = (path: string): string => path.replace(/^~(?=$|[\\/])/, () => homedir());

/** Never shows the value itself: it may be a secret. */
function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join(".") ?? "The environment"} cannot be used: ${issue?.message ?? "it is not valid"}.`;
}

/**
 * @param projectRoot holds dist/ and models/; every command of package.json starts there
 * @throws StartError
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  projectRoot: string = process.cwd(),
): Environment {
  const result = environmentSchema.safeParse(env);
  if (!result.success) throw new StartError(firstProblem(result.error));
  const parsed = result.data;
  refuseOpenDoor(parsed);
  const folder = (path: string): string => resolve(projectRoot, withHomeFolder(path));
  const homeFolder = folder(parsed.HEADROOM_HOME ?? ".");
  return {
    port: parsed.PORT,
    host: parsed.HOST,
    token: parsed.HEADROOM_TOKEN ?? null,
    allowedHosts: [
      ...LOOPBACK_HOSTS.flatMap(name => hostHeaders(name, parsed.PORT)),
      ...listedHosts(parsed.HEADROOM_ALLOWED_HOSTS ?? "", parsed.PORT),
    ],
    trustedProxies: (parsed.HEADROOM_PROXY ?? "").split(",").flatMap(address => proxyAddress(address.trim())),
    projectRoot,
    homeFolder,
    dataFolder: join(homeFolder, "data"),
    modelsFolder: folder(parsed.HEADROOM_MODELS_DIR ?? "models"),
    enginePath: resolve(projectRoot, parsed.HEADROOM_ENGINE_ENTRY ?? join("dist", "engine.mjs")),
    gpu: parsed.HEADROOM_GPU,
    hubToken: parsed.HF_TOKEN ?? null,
    hubEndpoint: parsed.HF_ENDPOINT,
    checkContract: parsed.HEADROOM_CHECK_CONTRACT !== undefined || parsed.NODE_ENV !== "production",
    logLevel: parsed.LOG_LEVEL,
  };
}
