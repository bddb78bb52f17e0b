import { dismissToast, showToast } from "@/components/ui/toast/toast";
import { errorBody } from "@/lib/client/api-request";
import { loadAndOpenChat } from "@/lib/client/chat/load-and-open-chat";
import { type Applied, applySettings, dropOwnSettings } from "@/lib/client/planning/settings-store";
import type { ErrorBody } from "@/lib/schema/api-error";
import { shortModelName } from "@/lib/schema/models/model-source";
import type { SettingKey, SettingsPatch } from "@/lib/schema/settings/settings";
import type { SettingsScope } from "@/lib/schema/settings/settings-answer";

const doneWords = {
  nothing: "Applied; nothing had to be reloaded",
  context: "Applied with a new context",
  model: "Applied; the model was reloaded",
} as const;

function showProblem({ message, next }: ErrorBody, title: string): void {
  showToast({ title, description: next === undefined ? message : `${message} ${next}`, tone: "bad" });
}

const isAnotherModel = ({ settings: { MODEL }, undo }: Applied): boolean =>
  undo.MODEL !== undefined && undo.MODEL !== MODEL;

type Cost = keyof typeof doneWords;

const loadedWords = ({ settings: { MODEL } }: Applied): string => `${shortModelName(MODEL)} is loaded`;

const appliedWords = (applied: Applied, cost: Cost): string =>
  cost === "model" && isAnotherModel(applied) ? loadedWords(applied) : doneWords[cost];

/** The user sees that a chat opened, so no message says it. */
const chatWords = (applied: Applied, cost: Cost): string | null => (cost === "nothing" ? null : loadedWords(applied));

/** The next start loads the chosen model too, and the message says so: it should not be a surprise. */
const defaultWords = (applied: Applied): string | undefined =>
  isAnotherModel(applied)
    ? `${shortModelName(applied.settings.MODEL)} is the default model now: the next start loads it.`
    : undefined;

/** Applies a change, and shows the result and an undo. @returns whether it is applied now */
async function report(
  work: () => Promise<Applied>,
  scope: SettingsScope,
  canUndo: boolean,
  titleOf: (applied: Applied, cost: Cost) => string | null = appliedWords,
): Promise<boolean> {
  try {
    const applied = await work();
    const { cost, problem, undo } = applied;
    const description = defaultWords(applied);
    if (problem !== null) {
      showProblem(problem, "Saved, but it could not be loaded");
      return false;
    }
    // A newer change has taken over and will report its result.
    if (cost === null) return false;
    const title = titleOf(applied, cost);
    if (title === null) return true;
    showToast({
      title,
      ...(description !== undefined && { description }),
      ...(canUndo && {
        action: { label: "Undo", run: () => void report(() => applySettings(undo, scope), scope, false) },
      }),
    });
    return true;
  } catch (error) {
    showProblem(errorBody(error), "Nothing was changed");
    return false;
  }
}

/** @param isMeant loads it although system memory does not hold it */
export function applyAndReport(patch: SettingsPatch, scope: SettingsScope, isMeant = false): Promise<boolean> {
  if (patch.MODEL !== undefined) dismissToast(patch.MODEL);
  return report(() => applySettings(patch, scope, isMeant), scope, true);
}

export const dropOverridesAndReport = (key?: SettingKey): Promise<boolean> =>
  report(() => dropOwnSettings(key), "model", true);

/** Loads a model and opens a new chat with it; then says whether it was loaded. */
export function chatAndReport(modelName: string, goToPage: (path: string) => void): Promise<boolean> {
  // "Load now" of a finished download does the same.
  dismissToast(modelName);
  return report(() => loadAndOpenChat(modelName, goToPage), "all", false, chatWords);
}
