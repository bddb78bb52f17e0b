import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { loadAndOpenChat } from "@/lib/client/load-and-open-chat";
import { type Applied, applySettings, dropOverrides } from "@/lib/client/settings-store";
import type { ErrorBody } from "@/lib/schema/api-error";
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

/** Applies a change, and shows the result and an undo. @returns whether it is applied now */
async function report(work: () => Promise<Applied>, scope: SettingsScope, canUndo: boolean): Promise<boolean> {
  try {
    const { cost, problem, undo } = await work();
    if (problem !== null) {
      showProblem(problem, "Saved, but it could not be loaded");
      return false;
    }
    // A newer change has taken over and will report its result.
    if (cost === null) return false;
    showToast({
      title: doneWords[cost],
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

export const applyAndReport = (patch: SettingsPatch, scope: SettingsScope): Promise<boolean> =>
  report(() => applySettings(patch, scope), scope, true);

export const dropOverridesAndReport = (key?: SettingKey): Promise<boolean> =>
  report(() => dropOverrides(key), "model", true);

/** Loads a model and opens a new chat with it; then says whether it was loaded. */
export const chatAndReport = (modelName: string, goToPage: (path: string) => void): Promise<boolean> =>
  report(() => loadAndOpenChat(modelName, goToPage), "all", false);
