import { endpoints } from "@/lib/schema/api";
import type { Endpoint } from "@/lib/schema/endpoint";
import { isClientPath, type Refusal } from "./request-guard";

/** "/v1/models/[id]" as a pattern. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\[\.\.\.\w+\]/g, ".+").replace(/\[\w+\]/g, "[^/]+")}$`);

const clientRoutes = Object.values<Endpoint>(endpoints)
  .filter(({ path }) => isClientPath(path))
  .map(({ method, path }): { method: string; pattern: RegExp } => ({ method, pattern: patternOf(path) }));

/**
 * Next answers a method that a route does not have without a body. Clients of the API read the body.
 *
 * @param target the request's path, with or without a query
 */
export function refuseUnknownMethod(method: string, target: string): Refusal | null {
  const path = (target.split(/[?#]/, 1)[0] ?? "").replace(/(?<=.)\/$/, "");
  const methods = clientRoutes.filter(({ pattern }) => pattern.test(path)).map(route => route.method);
  if (methods.length === 0 || methods.includes(method === "HEAD" ? "GET" : method)) return null;
  const allowed = methods.join(", ");
  return { status: 405, code: "INVALID_INPUT", message: `${path} takes ${allowed}, not ${method}.`, allowed };
}
