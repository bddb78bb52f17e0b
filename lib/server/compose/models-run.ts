import { setTimeout as sleep } from "node:timers/promises";
import { errorReason } from "@/lib/schema/error-reason";
import { parseRemoteAddress, type RemoteAddress } from "@/lib/server/models/hub/remote-address";
import { RemoteHeaderError } from "@/lib/server/models/hub/remote-header-error";
import type { Environment } from "@/lib/server/system/environment";
import { escapeLine } from "@/lib/server/system/escape-line";
import type { ModelsOptions } from "./models-options";
import { UsageError } from "./plan-options";
import type { planningServices } from "./planning-services";

/** How often the hub is asked again when it asks to wait. */
const MOST_WAITS = 3;
const BAR_CHARACTERS = 24;

export interface ModelsCommandInput {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl+C. */
  readonly signal: AbortSignal;
  out(text: string): void;
  /** One line. */
  complain(text: string): void;
  /** Shows a line that the next one replaces; null takes it away. */
  progress(line: string | null): void;
}

/** One run of `npm run models`. */
export interface Run extends ModelsCommandInput {
  readonly options: ModelsOptions;
  readonly environment: Environment;
  readonly core: ReturnType<typeof planningServices>;
}

export function say({ options, out }: Run, json: unknown, text: string): void {
  out(options.json ? JSON.stringify(json, null, 2) : text);
}

/** "owner/repo" of what was typed, with "@revision" behind it if it is not the main one. */
export function repositoryOf({ options, environment }: Run): string {
  const address = addressOf(options.subject, environment);
  if (address.kind === "file")
    throw new UsageError(`${options.subject} is one file: npm run plan -- --model ${address.source} plans it.`);
  const { owner, repository, revision } = address;
  return `${owner}/${repository}${revision === "main" ? "" : `@${revision}`}`;
}

/** @throws UsageError for what is no address */
export function addressOf(text: string, environment: Environment): RemoteAddress {
  try {
    return parseRemoteAddress(text, environment.hubEndpoint);
  } catch (cause) {
    throw new UsageError(errorReason(cause), { cause });
  }
}

/** The hub counts requests. Where it asks to wait, this waits as told and asks again. */
export async function whenHubAllows<Answer>({ complain, signal }: Run, ask: () => Promise<Answer>): Promise<Answer> {
  for (let waits = 0; ; waits++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RemoteHeaderError) || error.waitSeconds === null || waits >= MOST_WAITS) throw error;
      complain(`${escapeLine(error.message)} Asking again in ${error.waitSeconds} s.`);
      await sleep(error.waitSeconds * 1000, undefined, { signal });
    }
  }
}

/** "[######------]  50 %" */
export function barOf(share: number | null): string {
  const done = Math.floor((share ?? 0) * BAR_CHARACTERS);
  const percent = share === null ? "  ?" : String(Math.floor(share * 100)).padStart(3);
  return `[${"#".repeat(done)}${"-".repeat(BAR_CHARACTERS - done)}] ${percent} %`;
}
