import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Settings, type SettingsPatch, settingsPatchSchema } from "@/lib/schema/settings";
import { makeFolder } from "@/lib/server/system/make-folder";
import { replaceFile } from "@/lib/server/system/replace-file";

/** The settings of the last load that worked, used when other settings fail. */
export class LastLoaded {
  constructor(private readonly path: string) {}

  /** null when nothing was ever loaded, or the file is no longer readable. */
  async read(): Promise<SettingsPatch | null> {
    try {
      const parsed = settingsPatchSchema.safeParse(JSON.parse(await readFile(this.path, "utf8")));
      return parsed.success ? parsed.data : null;
    } catch {
      return null;
    }
  }

  async write(settings: Settings): Promise<void> {
    makeFolder(dirname(this.path));
    replaceFile(this.path, `${JSON.stringify(settings, null, 2)}\n`);
  }
}
