import { reportFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { copyText } from "@/components/ui/use-copy";
import { apiRequest } from "@/lib/client/api-request";
import { modelStore } from "@/lib/client/models/model-store";
import { trashStore } from "@/lib/client/models/trash-store";
import { chooseDefaultModel } from "@/lib/schema/api/model-details";
import { removeModelFile, restoreModel, trashModel } from "@/lib/schema/api/models";

const readAgain = () => Promise.all([modelStore.refresh(), trashStore.refresh()]);

export async function copyPath(path: string): Promise<void> {
  if (await copyText(path)) showToast({ title: "Path copied" });
}

const putBack = (id: string): Promise<void> =>
  reportFailure("Not put back", async () => {
    await apiRequest(restoreModel, { body: { id } });
    await readAgain();
  });

/** @param whenDone after it is out of the library, before that is said */
export const moveToTrash = (name: string, whenDone = () => {}): Promise<void> =>
  reportFailure("Not moved to the trash", async () => {
    const { id } = await apiRequest(trashModel, { body: { name } });
    whenDone();
    showToast({
      title: "Moved to the trash",
      description: name,
      action: { label: "Put back", run: () => void putBack(id) },
    });
    await readAgain();
  });

export const takeOffList = (name: string, whenDone = () => {}): Promise<void> =>
  reportFailure("Not taken off the list", async () => {
    await apiRequest(removeModelFile, { body: { name } });
    whenDone();
    showToast({ title: "Taken off the list", description: "Its file stays where it is." });
    await modelStore.refresh();
  });

export const makeDefault = (name: string): Promise<void> =>
  reportFailure("The default was not changed", async () => {
    await apiRequest(chooseDefaultModel, { body: { name } });
    showToast({
      title: "Default model changed",
      description: `A fresh start loads ${name}. What is loaded now stays.`,
    });
  });
