import { join } from "node:path";
import * as z from "zod";
import { listDownloads, startDownload } from "@/lib/schema/api/downloads";
import { removeModelFile, takeProgramModel, trashModel } from "@/lib/schema/api/models";
import { errorResponseSchema } from "@/lib/schema/api-error";
import type { Endpoint, GivenPart, ParsedReply } from "@/lib/schema/endpoint";
import type { Download } from "@/lib/schema/models/download";
import type { ProgramName } from "@/lib/schema/models/program-models";
import { FolderInUseError, lockDataFolder } from "@/lib/server/http/instance-lock";
import { Downloads } from "@/lib/server/models/downloads/downloads";
import { LibraryChanges } from "@/lib/server/models/library/library-changes";
import type { Environment } from "@/lib/server/system/environment";
import { RequestError } from "@/lib/server/system/request-error";
import type { planningServices } from "./planning-services";

/** Who may change the library. A running Headroom keeps it in memory, and two processes must not write the same part file. */
export interface LibraryHolder {
  moveToTrash(name: string): Promise<void>;
  takeOffList(name: string): Promise<void>;
  takeProgramModel(program: ProgramName, label: string): Promise<string>;
  startDownload(source: string): Promise<Download>;
  downloads(): Promise<readonly Download[]>;
  /** The download stops and keeps what it has; a running Headroom goes on with it. */
  close(): Promise<void>;
}

type Core = ReturnType<typeof planningServices>;

/**
 * This process itself, as long as no Headroom runs: it holds the data folder's lock until `close`. Otherwise the running Headroom,
 * which is asked over HTTP.
 *
 * @throws StartError for a data folder that cannot be made
 */
export async function openLibrary(environment: Environment, core: Core): Promise<LibraryHolder> {
  try {
    return await ownLibrary(environment, core, lockDataFolder(environment.dataFolder));
  } catch (error) {
    if (error instanceof FolderInUseError) return runningLibrary(environment);
    throw error;
  }
}

async function ownLibrary(environment: Environment, core: Core, unlock: () => void): Promise<LibraryHolder> {
  const { modelsFolder, dataFolder, hubEndpoint, hubToken } = environment;
  const library = new LibraryChanges(core.models);
  const downloads = new Downloads({
    modelsFolder,
    limitPath: join(dataFolder, "download-limit.json"),
    endpoint: hubEndpoint,
    token: hubToken,
    onChecked: (name, sha256s, from) => core.hashes.publish(name, { source: "download", sha256s, from }),
    // What went wrong is in the download itself.
    onFailure: () => {},
  });
  return {
    moveToTrash: async name => {
      await library.moveToTrash(name);
    },
    takeOffList: async name => core.addedFiles.remove(name),
    takeProgramModel: (program, label) => core.programModels.use(program, label),
    startDownload: async source => {
      // The others wait for the next start of Headroom.
      await downloads.continueEarlier({ isPaused: true });
      return downloads.start(source);
    },
    downloads: async () => downloads.list(),
    close: async () => {
      await downloads.shutdown();
      unlock();
    },
  };
}

type JsonEndpoint = Endpoint & { readonly reply: z.core.$ZodType };

function runningLibrary({ host, port, token }: Environment): LibraryHolder {
  const name = ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : host;
  const origin = `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
  const ask = async <E extends JsonEndpoint>(endpoint: E, body?: GivenPart<E, "body">): Promise<ParsedReply<E>> => {
    const response = await fetch(`${origin}${endpoint.path}`, {
      method: endpoint.method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(cause => {
      throw new RequestError(
        "DOWNLOAD_FAILED",
        `Headroom is running but does not answer at ${origin}: set PORT to its port, or stop it.`,
        { cause },
      );
    });
    const json: unknown = await response.json().catch(() => null);
    const refusal = errorResponseSchema.safeParse(json);
    if (refusal.success) throw new RequestError(refusal.data.error.code, refusal.data.error.message);
    const reply = z.safeParse(endpoint.reply, json);
    if (!reply.success)
      throw new RequestError("DOWNLOAD_FAILED", `What answers at ${origin} is not this version of Headroom: set PORT.`);
    return reply.data as ParsedReply<E>;
  };
  return {
    moveToTrash: async model => {
      await ask(trashModel, { name: model });
    },
    takeOffList: async model => {
      await ask(removeModelFile, { name: model });
    },
    takeProgramModel: async (program, label) => (await ask(takeProgramModel, { program, label })).name,
    startDownload: async source => (await ask(startDownload, { source })).download,
    downloads: async () => (await ask(listDownloads)).downloads,
    close: async () => {},
  };
}
