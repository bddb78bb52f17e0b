import { type Environment, readEnvironment } from "./environment";
import { Log } from "./log";

/** Everything stateful of the server, once. */
export interface Services {
  readonly environment: Environment;
  readonly log: Log;
  /** Ends the engine and closes the stores. */
  shutdown(): Promise<void>;
}

/**
 * The server's bundle and each of Next's route bundles hold their own copy of this module, and development reloads
 * them: module variables would start an engine for each copy.
 */
const KEY = Symbol.for("headroom.services");
const holder: typeof globalThis & { [KEY]?: Services } = globalThis;

function build(): Services {
  const environment = readEnvironment(process.env);
  const log = new Log(environment.logLevel);
  return { environment, log, shutdown: async () => {} };
}

/**
 * @throws StartError when the environment is unusable
 */
export function services(): Services {
  holder[KEY] ??= build();
  return holder[KEY];
}
