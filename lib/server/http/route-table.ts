import type { Endpoint } from "@/lib/schema/endpoint";
import type { Route } from "./route";

/** What a path leads to: one route for each method, and the values of the path's names. */
export interface FoundPath<App> {
  readonly methods: ReadonlyMap<string, Route<App>>;
  readonly params: Record<string, string | string[]>;
}

interface Pattern<App> {
  readonly pattern: RegExp;
  readonly methods: Map<string, Route<App>>;
}

/** "/v1/models/[...id]" takes the rest of the path, "/api/chats/[id]" one part of it. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\[\.\.\.(\w+)\]/g, "(?<rest_$1>.+)").replace(/\[(\w+)\]/g, "(?<$1>[^/]+)")}$`);

const REST = "rest_";

/** Finds the routes of a path. A path without names comes before one with names: "/api/chats/search" is no chat. */
export function routeTable<App>(routes: readonly Route<App>[]): (path: string) => FoundPath<App> | null {
  const plain = new Map<Endpoint["path"] | string, Map<string, Route<App>>>();
  const named = new Map<string, Pattern<App>>();
  for (const route of routes) {
    const { path, method } = route.endpoint;
    if (path.includes("[")) {
      const found = named.get(path) ?? { pattern: patternOf(path), methods: new Map() };
      named.set(path, found);
      found.methods.set(method, route);
    } else {
      const methods = plain.get(path) ?? new Map();
      plain.set(path, methods);
      methods.set(method, route);
    }
  }
  return path => {
    const methods = plain.get(path);
    if (methods) return { methods, params: {} };
    for (const { pattern, methods } of named.values()) {
      const groups = pattern.exec(path)?.groups;
      if (groups) return { methods, params: paramsOf(groups) };
    }
    return null;
  };
}

const paramsOf = (groups: Readonly<Record<string, string>>): FoundPath<unknown>["params"] =>
  Object.fromEntries(
    Object.entries(groups).map(([name, value]) =>
      name.startsWith(REST) ? [name.slice(REST.length), value.split("/").map(decoded)] : [name, decoded(value)],
    ),
  );

/** A name that is no valid encoding means itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
