import { join } from "node:path";
import { Downloads } from "@/lib/server/models/downloads/downloads";
import { transferInThread } from "@/lib/server/models/downloads/transfer-in-thread";
import { FolderWatch } from "@/lib/server/models/library/folder-watch";
import { LibraryChanges } from "@/lib/server/models/library/library-changes";
import { ModelHeaders } from "@/lib/server/models/library/model-headers";
import { Uploads } from "@/lib/server/models/uploads/uploads";
import { ModelVerifier } from "@/lib/server/models/verify/model-verifier";
import type { Environment } from "@/lib/server/system/environment";
import { subscribeToAll } from "@/lib/server/system/listeners";
import type { planningServices } from "./planning-services";

interface LibraryOptions {
  readonly onFailure: (what: string, error: unknown) => void;
}

/** Changes the library: downloads, dropped files, new names, checks of whole files, and a watch on its folders. */
export function libraryServices(
  { projectRoot, modelsFolder, dataFolder, hubEndpoint, hubToken }: Environment,
  { models, folders, addedFiles, remoteModels, hashes, engine }: ReturnType<typeof planningServices>,
  { onFailure }: LibraryOptions,
) {
  const downloads = new Downloads({
    modelsFolder,
    limitPath: join(dataFolder, "download-limit.json"),
    endpoint: hubEndpoint,
    token: hubToken,
    isAnswering: () => engine.snapshot().state === "generating",
    transfer: transferInThread(join(projectRoot, "dist", "transfer.mjs")),
    onChecked: (name, sha256s, from) => hashes.publish(name, { source: "download", sha256s, from }),
    onFailure,
  });
  const folderWatch = new FolderWatch({
    folders: () => models.folders(),
    files: () => addedFiles.list().map(({ path }) => path),
    placesChanged: listener => subscribeToAll([folders, addedFiles], listener),
    placed: downloads.placed.subscribe,
  });
  return {
    headers: new ModelHeaders(),
    library: new LibraryChanges(models),
    uploads: new Uploads({ modelsFolder }),
    verifier: new ModelVerifier({ models, remote: remoteModels, hashes }),
    downloads,
    folderWatch: {
      subscribe: (listener: () => void) =>
        folderWatch.subscribe(() => {
          downloads.dropGone().catch(error => onFailure("The list of downloads could not be checked", error));
          listener();
        }),
    },
  };
}
