import { type Settings, type SettingsPatch, settingsPatchSchema } from "@/lib/schema/settings/settings";
import { JsonFile } from "@/lib/server/system/json-file";

/** The settings of the last load that worked, used when other settings fail. */
export class LastLoaded {
  readonly #file: JsonFile<typeof settingsPatchSchema>;

  constructor(path: string) {
    this.#file = new JsonFile(path, settingsPatchSchema);
  }

  /** null when nothing was ever loaded, or the file is no longer readable. */
  async read(): Promise<SettingsPatch | null> {
    return this.#file.read();
  }

  async write(settings: Settings): Promise<void> {
    this.#file.write(settings);
  }
}
