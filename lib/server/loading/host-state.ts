import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";

/** What answers: its settings, and its plan before anything was lowered. */
export interface Serving {
  readonly settings: Settings;
  readonly planned: LoadConfig;
}

/** The settings that were tried last, whether or not they worked. They are not tried again automatically. */
interface Tried {
  readonly tried: Settings;
}

/** Nothing was requested yet. */
interface Idle {
  readonly kind: "idle";
}

export interface Loading extends Tried {
  readonly kind: "loading";
  readonly controller: AbortController;
  readonly done: Promise<void>;
  /** What answers until the engine begins the load, and also afterwards if the load never begins. */
  readonly before: Serving | null;
}

/** This model answers. If the engine has no model now, it has crashed, or will load this one again. */
interface ServingState extends Tried {
  readonly kind: "serving";
  readonly serving: Serving;
}

/** The engine belongs to a borrower for a while. */
interface Lent {
  readonly kind: "lent";
  /** Headroom itself measures something: this is not shown, and the loaded model stays. */
  readonly isQuiet: boolean;
  /** Fires when anyone asks for the engine meanwhile. */
  readonly recall: AbortController;
  readonly returned: Promise<void>;
  readonly before: AtRest;
}

/** The user unloaded the model. A request or a load brings it back; a changed setting does not. */
interface Unloaded {
  readonly kind: "unloaded";
}

/** The last attempt could not be loaded, and nothing else answers. */
interface Failed extends Tried {
  readonly kind: "failed";
}

/** States that end only when somebody asks for something. */
export type AtRest = Idle | ServingState | Unloaded | Failed;
export type HostState = AtRest | Loading | Lent;

/** What answers, or what answered before something else began. */
export function servingOf(state: HostState): Serving | null {
  if (state.kind === "serving") return state.serving;
  if (state.kind === "loading") return state.before;
  return state.kind === "lent" ? servingOf(state.before) : null;
}

export function triedIn(state: HostState): Settings | null {
  if (state.kind === "lent") return triedIn(state.before);
  return "tried" in state ? state.tried : null;
}
