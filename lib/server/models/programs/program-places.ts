import { isAbsolute, join } from "node:path";
import type { ProgramName } from "@/lib/schema/models/program-models";
import type { ModelFileError } from "../library/model-file-error";

/** What of a computer decides where programs keep their files. */
export interface UserSystem {
  readonly platform: NodeJS.Platform;
  /** The user's home folder. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A folder in which a program keeps models: as plain files, in Ollama's store, or in the layout of the hub's cache. */
export interface ProgramPlace {
  readonly program: ProgramName;
  readonly folder: string;
  readonly layout: "files" | "ollama" | "hub-cache";
}

/** A model of another program, or why it cannot be one. */
export interface FoundProgramModel {
  /** What the program calls it. */
  readonly label: string;
  readonly path: string;
  readonly problem: ModelFileError | null;
}

/** The path that a variable holds. Relative ones are passed over: they meant another program's working folder. */
export function folderIn(value: string | undefined, home: string): string | null {
  const path = (value ?? "").trim().replace(/^~(?=$|[\\/])/, () => home);
  return isAbsolute(path) ? path : null;
}

/** Where each platform has caches, data and settings. @see https://specifications.freedesktop.org/basedir-spec/latest/ */
function standardFolders({ platform, home, env }: UserSystem) {
  const of = (name: string, ...usual: string[]) => folderIn(env[name], home) ?? join(home, ...usual);
  if (platform === "win32") {
    const local = of("LOCALAPPDATA", "AppData", "Local");
    return { cache: local, localData: local, data: of("APPDATA", "AppData", "Roaming") };
  }
  if (platform === "darwin") {
    const support = join(home, "Library", "Application Support");
    return { cache: join(home, "Library", "Caches"), localData: support, data: support };
  }
  const data = of("XDG_DATA_HOME", ".local", "share");
  return { cache: of("XDG_CACHE_HOME", ".cache"), localData: data, data };
}

/**
 * Where programs keep GGUF files unless their own settings say otherwise. None of the folders has to exist.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/faq.md (where are models stored)
 * @see https://github.com/nomic-ai/gpt4all/wiki/Local-API-Server and gpt4all-chat/src/mysettings.cpp (defaultLocalModelsPath)
 * @see https://jan.ai/docs/data-folder
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 * @see llama.cpp common/common.cpp (fs_get_cache_directory)
 * @see https://github.com/oobabooga/text-generation-webui (user_data/models, earlier models)
 */
export function programPlaces(computer: UserSystem): ProgramPlace[] {
  const { platform, home, env } = computer;
  const { cache, localData, data } = standardFolders(computer);
  const own = (name: string) => folderIn(env[name], home);
  const files = (program: ProgramName, ...folders: string[]) =>
    folders.map(folder => ({ program, folder, layout: "files" as const }));
  const ollama = [own("OLLAMA_MODELS"), join(home, ".ollama", "models")];
  // The service that Ollama's installer sets up runs as a user of its own.
  if (platform === "linux") ollama.push("/usr/share/ollama/.ollama/models", "/var/lib/ollama/.ollama/models");
  // Unlike others, the hub's library uses ~/.cache on every platform.
  const hubHome = own("HF_HOME") ?? join(own("XDG_CACHE_HOME") ?? join(home, ".cache"), "huggingface");
  const hub = own("HF_HUB_CACHE") ?? own("HUGGINGFACE_HUB_CACHE") ?? join(hubHome, "hub");
  // It has no installer: people clone it into one of these.
  const webUi = [home, ...["Documents", "Downloads", "Desktop"].map(name => join(home, name))].map(folder =>
    join(folder, "text-generation-webui"),
  );
  const places: ProgramPlace[] = [
    // The second one is from before version 0.3.
    ...files("LM Studio", join(home, ".lmstudio", "models"), join(home, ".cache", "lm-studio", "models")),
    ...ollama.flatMap(folder =>
      folder === null ? [] : [{ program: "Ollama" as const, folder, layout: "ollama" as const }],
    ),
    ...files("Jan", ...janFolders(platform, home, data)),
    ...files("GPT4All", join(localData, "nomic.ai", "GPT4All"), join(home, ".cache", "gpt4all")),
    { program: "Hugging Face", folder: hub, layout: "hub-cache" },
    ...files("llama.cpp", own("LLAMA_CACHE") ?? join(cache, "llama.cpp")),
    ...files(
      "text-generation-webui",
      ...webUi.flatMap(folder => [join(folder, "user_data", "models"), join(folder, "models")]),
    ),
  ];
  return places.filter(({ folder }, index) => places.findIndex(other => other.folder === folder) === index);
}

/** Since version 0.6 below llamacpp; until 0.4.16 in the home folder itself. */
function janFolders(platform: NodeJS.Platform, home: string, data: string): string[] {
  const roots = [join(data, "Jan", "data"), join(home, "jan")];
  if (platform === "linux") roots.push(join(home, ".config", "Jan", "data"));
  return roots.flatMap(root => [join(root, "llamacpp", "models"), join(root, "models")]);
}
