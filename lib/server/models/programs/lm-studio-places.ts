import { join } from "node:path";
import * as z from "zod";
import { folderIn, type ProgramPlace, type UserSystem } from "./program-places";
import { readSmallFile } from "./read-small-file";

const studioSettingsSchema = z.object({ downloadsFolder: z.string() });

/** The folders that LM Studio's own settings name: it can be told to keep its files elsewhere. */
export async function lmStudioPlaces({ platform, home, env }: UserSystem): Promise<ProgramPlace[]> {
  const pointer = await readSmallFile(join(home, ".lmstudio-home-pointer"));
  const moved = folderIn(pointer?.split(/\r?\n/)[0], home);
  const homes = [moved ?? join(home, ".lmstudio"), join(home, ".cache", "lm-studio")];
  if (platform === "win32")
    homes.push(join(folderIn(env.APPDATA, home) ?? join(home, "AppData", "Roaming"), "LM Studio"));
  const chosen = await Promise.all(homes.map(folder => downloadsFolder(join(folder, "settings.json"), home)));
  return [moved && join(moved, "models"), ...chosen]
    .filter(folder => folder !== null)
    .map(folder => ({ program: "LM Studio", folder, layout: "files" }));
}

async function downloadsFolder(path: string, home: string): Promise<string | null> {
  try {
    return folderIn(studioSettingsSchema.parse(JSON.parse((await readSmallFile(path)) ?? "")).downloadsFolder, home);
  } catch {
    return null;
  }
}
