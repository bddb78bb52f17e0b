import type { Environment } from "@/lib/server/system/environment";
import { systemCodeOf } from "@/lib/server/system/system-code";

/** Why the server cannot listen, and what to do about it. */
export function listenProblem(
  cause: unknown,
  { host, port }: Pick<Environment, "host" | "port">,
  platform: NodeJS.Platform = process.platform,
): string {
  const code = systemCodeOf(cause);
  if (code === "EADDRINUSE")
    return `Port ${port} is in use: stop what uses it, or start Headroom with another, such as PORT=${port + 1}.`;
  if (code === "EACCES" && platform === "win32")
    return `Windows keeps port ${port} for something else, such as Hyper-V, WSL or Docker: set PORT to another, such as ${port + 1000}.`;
  if (code === "EACCES") return `Port ${port} needs more rights than this user has: choose one above 1023 with PORT.`;
  return `Headroom cannot listen on ${host}, port ${port} (${code || String(cause)}).`;
}
