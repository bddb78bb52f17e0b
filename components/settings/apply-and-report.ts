import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { loadAndOpenChat } from "@/lib/client/load-and-open-chat";
import { type Applied, applySettings, dropOverrides } from "@/lib/client/settings-store";
import type { ErrorBody } from "@/lib/schema/api-error";
import { shortModelName } from "@/lib/schema/model-source";
import type { SettingKey, SettingsPatch } from "@/lib/schema/settings";
import type { SettingsScope } from "@/lib/schema/settings-answer";

const doneWords = {
  nothing: "Applied; nothing had to be reloaded",
  context: "Applied with a new context",
  model: "Applied; the model was reloaded",
} as const;

function showProblem({ message, next }: ErrorBody, title: string): void {
  showToast({ title, description: next === undefined ? message : `${message} ${next}`, tone: "bad" });
}

/** A chosen model is also what the next start loads: nobody should find that out by surprise. */
const defaultWords = ({ settings: { MODEL }, undo }: Applied): string | undefined =>
  undo.MODEL === undefined || undo.MODEL === MODEL
    ? undefined
    : `${shortModelName(MODEL)} is the default model now: the next start loads it.`;

/** Applies a change, and shows the result and an undo. @returns whether it is applied now */
async function report(work: () => Promise<Applied>, scope: SettingsScope, canUndo: boolean): Promise<boolean> {
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
    showToast({
      title: doneWords[cost],
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
export const applyAndReport = (patch: SettingsPatch, scope: SettingsScope, isMeant = false): Promise<boolean> =>
  report(() => applySettings(patch, scope, isMeant), scope, true);

export const dropOverridesAndReport = (key?: SettingKey): Promise<boolean> =>
  report(() => dropOverrides(key), "model", true);

/** Loads a model and opens a new chat with it; then says whether it was loaded. */
export const chatAndReport = (modelName: string, goToPage: (path: string) => void): Promise<boolean> =>
  report(() => loadAndOpenChat(modelName, goToPage), "all", false);
