import type { EngineSnapshot } from "@/lib/schema/live-events";
import { saveAndApplySettings } from "@/lib/server/loading/save-and-apply-settings";
import { takesAnyName } from "@/lib/server/settings/takes-any-name";
import { RequestError } from "@/lib/server/system/request-error";

type ApplyServices = Parameters<typeof saveAndApplySettings>[0];

/** What a name of a model is looked up in. */
export interface NamedModels extends Omit<ApplyServices, "models" | "host"> {
  readonly models: ApplyServices["models"] & {
    listModels(): Promise<readonly { readonly name: string; readonly profile: { readonly role: string } | null }[]>;
  };
  /** While another engine answers, the answer has the name of its model. */
  readonly host: Omit<ApplyServices["host"], "snapshot"> & {
    snapshot(): Pick<EngineSnapshot, "config" | "info" | "other" | "state">;
  };
}

const MAX_LISTED = 12;

export const answeringModel = ({ host, settings }: Pick<NamedModels, "host" | "settings">): string =>
  host.snapshot().other?.model ?? settings.read().MODEL;

const isAnswering = ({ state }: Pick<EngineSnapshot, "state">): boolean => state === "generating";

/**
 * Makes the named model the one that answers. The answering model's own name, no name, and the names that clients have in their code
 * change nothing. Another model of the library is loaded as if it were chosen on the page, if the settings allow that.
 *
 * @returns the model that has to answer; null if any may
 * @throws RequestError MODEL_NOT_FOUND with the names that there are; BUSY for a change while an answer is written
 */
export async function chooseModel(asked: string | null, named: NamedModels): Promise<string | null> {
  const present = answeringModel(named);
  if (!asked) return null;
  if (asked === present) return asked;
  const models = await named.models.listModels();
  if (models.some(({ name }) => name === asked)) {
    await changeModel(asked, present, named);
    return asked;
  }
  if (takesAnyName(asked, named.settings.read())) return null;
  const others = models
    .filter(({ name, profile }) => name !== present && profile?.role === "text")
    .map(({ name }) => name)
    .slice(0, MAX_LISTED - 1);
  throw new RequestError(
    "MODEL_NOT_FOUND",
    `There is no model ${JSON.stringify(asked.slice(0, 200))} here. There are: ${[present, ...others].join(", ")}.`,
  );
}

/** While a request waits for its turn, another one or a person may choose another model. @throws RequestError BUSY if that one answers */
export async function requireSameModel(chosen: string, named: NamedModels): Promise<void> {
  if (answeringModel(named) === chosen) return;
  const { config } = named.host.snapshot();
  if (config !== null && config.modelPath === (await named.models.resolveModel(chosen))) return;
  throw new RequestError("BUSY", `Another model was chosen while this request for ${chosen} waited.`);
}

async function changeModel(asked: string, present: string, named: NamedModels): Promise<void> {
  const snapshot = named.host.snapshot();
  const { API_MODEL_CHANGE: allowed } = named.settings.read();
  if (allowed === "never" || snapshot.other != null)
    throw new RequestError(
      "MODEL_NOT_FOUND",
      `${asked} is in the library, but ${present} is the model that answers: choose it on the page, or let requests change the model in the settings.`,
    );
  if (allowed === "idle" && isAnswering(snapshot))
    throw new RequestError("BUSY", `${present} is writing an answer, so ${asked} cannot be loaded now.`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  await named.planner.ensureMemoryFor({ ...named.settings.readFor(asked), MODEL: asked });
  const { problem } = await saveAndApplySettings(named, { MODEL: asked }, "all");
  if (problem !== null) throw new RequestError(problem.code, problem.message, { next: problem.next });
  if (answeringModel(named) !== asked)
    throw new RequestError("BUSY", `Another model was chosen while ${asked} was loading.`);
}

/** An answer of a usual length is written in this time. */
const RETRY_AFTER_SECONDS = 10;
