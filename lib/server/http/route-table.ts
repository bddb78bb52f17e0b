import type { Route } from "./route";

/** What a path leads to: one route for each method, and the values of the path's names. */
export interface FoundPath<App> {
  readonly methods: ReadonlyMap<string, Route<App>>;
  readonly params: Record<string, string | string[]>;
}

/** "/v1/models/[...id]" takes the rest of the path, "/api/chats/[id]" one part of it. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/\[\.\.\.(\w+)\]/g, "(?<rest_$1>.+)").replace(/\[(\w+)\]/g, "(?<$1>[^/]+)")}$`);

const REST = "rest_";

/** Finds the routes of a path. A path without names comes before one with names: "/api/chats/search" is no chat. */
export function routeTable<App>(routes: readonly Route<App>[]): (path: string) => FoundPath<App> | null {
  const paths = new Map<string, Map<string, Route<App>>>();
  for (const route of routes) {
    const { path, method } = route.endpoint;
    paths.set(path, (paths.get(path) ?? new Map<string, Route<App>>()).set(method, route));
  }
  const plain = new Map([...paths].filter(([path]) => !path.includes("[")));
  const named = [...paths]
    .filter(([path]) => path.includes("["))
    .map(([path, methods]) => ({ pattern: patternOf(path), methods }));
  return path => {
    const methods = plain.get(path);
    if (methods) return { methods, params: {} };
    for (const { pattern, methods } of named) {
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
