import { rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import {
  defaultSettings,
  type SettingKey,
  type Settings,
  type SettingsPatch,
  settingKeys,
  settingRows,
  settingsPatchSchema,
  settingsSchema,
} from "@/lib/schema/settings/settings";
import type { SettingsScope } from "@/lib/schema/settings/settings-answer";
import { Listeners } from "@/lib/server/system/listeners";
import { moveFileSync } from "@/lib/server/system/move-file";
import { type ReplaceFiles, replaceFile, temporaryPath } from "@/lib/server/system/replace-file";
import { RequestError } from "@/lib/server/system/request-error";
import { fileStamp, type RawSettings, readSettingsFile, realPathOf } from "./settings-file";

const SETTINGS_FILE = "modelconf.json";

/** An editor may write a file in two steps. A broken file younger than this is checked again before it is judged. */
const EDITING_MS = 2_000;
/** The number of tries while another program keeps saving between our reading and our writing. */
const MAX_ATTEMPTS = 5;

interface SettingsStoreOptions {
  readonly folder: string;
  readonly files?: ReplaceFiles;
  readonly now?: () => number;
}

/** Stamps that no file has: with them, the next look reads the file. */
const NEVER_READ = "never read";
const UNREAD = "unread";

type Overrides = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): Overrides =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** Overrides may name a model by its path below the models folder, as MODEL does, or by its file name alone. */
function overrideName(raw: RawSettings, model: string): string {
  const models = asObject(raw.MODELS);
  return [model, basename(model)].find(name => Object.hasOwn(models, name)) ?? model;
}

const overridesIn = (raw: RawSettings, model: string): Overrides =>
  asObject(asObject(raw.MODELS)[overrideName(raw, model)]);

const toText = (raw: RawSettings): string => `${JSON.stringify(raw, null, 2)}\n`;

interface Reading {
  readonly settings: Settings;
  /** Keys whose value in the file cannot be used. */
  readonly problems: readonly SettingKey[];
}

/**
 * The first usable value of each key: the model's own, the file's, the default. An unusable value is replaced
 * by the last good one. A key that was removed from the file goes back to its default.
 */
function interpret(raw: RawSettings, lastGood: RawSettings): Reading {
  const problems = new Set<SettingKey>();
  const usable = (key: SettingKey, source: Overrides): { value: unknown } | null => {
    const parsed = settingRows[key].schema.safeParse(source[key]);
    return parsed.success ? { value: parsed.data } : null;
  };
  const pick = (key: SettingKey, sources: readonly Overrides[]): unknown => {
    const present = sources.filter(source => Object.hasOwn(source, key));
    const found = present.map(source => usable(key, source));
    if (found.includes(null)) problems.add(key);
    const first = found.find(entry => entry !== null) ?? (present.length > 0 ? usable(key, lastGood) : null);
    return first ? first.value : defaultSettings[key];
  };
  const model = String(pick("MODEL", [raw]));
  const sources = [overridesIn(raw, model), raw];
  const values = settingKeys.map(key => [key, key === "MODEL" ? model : pick(key, sources)]);
  return { settings: settingsSchema.parse(Object.fromEntries(values)), problems: [...problems] };
}

/** The file's content after a change. A key that the model already overrides is changed there; otherwise the change would have no effect. */
function withPatch(raw: RawSettings, patch: SettingsPatch, model: string, scope: SettingsScope): RawSettings {
  const overrides = overridesIn(raw, model);
  const own = Object.entries(patch).filter(
    ([key]) => key !== "MODEL" && (scope === "model" || Object.hasOwn(overrides, key)),
  );
  const shared = Object.entries(patch).filter(([key]) => !own.some(([ownKey]) => ownKey === key));
  if (own.length === 0) return { ...raw, ...Object.fromEntries(shared) };
  const changed = { ...overrides, ...Object.fromEntries(own) };
  return {
    ...raw,
    ...Object.fromEntries(shared),
    MODELS: { ...asObject(raw.MODELS), [overrideName(raw, model)]: changed },
  };
}

function withoutOverrides(raw: RawSettings, model: string): RawSettings {
  if (Object.keys(overridesIn(raw, model)).length === 0) return raw;
  const { [overrideName(raw, model)]: _dropped, ...models } = asObject(raw.MODELS);
  return { ...raw, MODELS: models };
}

/**
 * modelconf.json, kept so that no change is lost: it is read again whenever it changed on the disk, written whole or
 * not at all, with a backup, and with all keys that are not ours. A file that cannot be read is put aside, never reset.
 */
export class SettingsStore {
  readonly #path: string;
  readonly #files: ReplaceFiles | undefined;
  readonly #now: () => number;
  readonly #listeners = new Listeners<[Settings]>();
  /** Stamp of the content that was read last. It is taken before reading, so that the next look finds a change made in between. */
  #stamp: string | null = NEVER_READ;
  #raw: RawSettings;
  #reading: Reading;
  #fileNotice: string | null = null;
  /** Stamp of the file when the notice was made. If the content has changed since, the notice no longer applies. */
  #noticedStamp: string | null = null;

  constructor({ folder, files, now = Date.now }: SettingsStoreOptions) {
    this.#path = join(folder, SETTINGS_FILE);
    this.#files = files;
    this.#now = now;
    this.#raw = {};
    this.#reading = interpret({}, {});
    for (const path of [temporaryPath(this.#path), temporaryPath(this.#backupPath)]) rmSync(path, { force: true });
    this.#refresh({ patient: false });
  }

  get #backupPath(): string {
    return `${this.#path}.bak`;
  }

  /** The values in force for the chosen model. Checks the file's time first, so a hand edit counts at once. */
  read(): Settings {
    this.#refresh({ patient: true });
    return this.#reading.settings;
  }

  /** The values that would be in force if this model were chosen. */
  readFor(model: string): Settings {
    this.read();
    return interpret({ ...this.#raw, MODEL: model }, this.#raw).settings;
  }

  /** What a person should know about the file; null when all is well. */
  notice(): string | null {
    const { problems } = this.#reading;
    if (this.#fileNotice !== null || problems.length === 0) return this.#fileNotice;
    return `${SETTINGS_FILE}: the value of ${problems.join(", ")} cannot be used, so the last good or the usual one is.`;
  }

  /** A model's own values; without an argument, those of the chosen model. */
  overrides(model = this.#reading.settings.MODEL): SettingsPatch {
    const settings = this.readFor(model);
    const own = overridesIn(this.#raw, model);
    return settingsPatchSchema.parse(
      Object.fromEntries(settingKeys.filter(key => Object.hasOwn(own, key)).map(key => [key, settings[key]])),
    );
  }

  /** @throws the file system's error when it cannot be saved; then nothing changed. */
  async patch(patch: SettingsPatch, scope: SettingsScope = "all"): Promise<Settings> {
    return this.#save(raw => withPatch(raw, patch, patch.MODEL ?? this.#reading.settings.MODEL, scope));
  }

  /** Removes a model's own values, or one of them, so that the general settings apply. Without `model`, those of the chosen one. */
  async dropOverrides(key?: SettingKey, model = this.#reading.settings.MODEL): Promise<Settings> {
    return this.#save(raw => {
      const kept = Object.entries(overridesIn(raw, model)).filter(([its]) => key !== undefined && its !== key);
      if (kept.length === 0) return withoutOverrides(raw, model);
      return { ...raw, MODELS: { ...asObject(raw.MODELS), [overrideName(raw, model)]: Object.fromEntries(kept) } };
    });
  }

  /** MODEL and a model's own values follow its new name. Values kept by file name alone also hold for other folders, so they stay. */
  async followRename(from: string, to: string): Promise<Settings> {
    return this.#save(raw => {
      const own = overridesIn(raw, from);
      const { [from]: _moved, ...models } = asObject(raw.MODELS);
      const MODELS = Object.keys(own).length === 0 ? {} : { MODELS: { ...models, [to]: own } };
      const isChosen = this.#reading.settings.MODEL === from;
      return { ...raw, ...MODELS, ...(isChosen && { MODEL: to }) };
    });
  }

  readonly subscribe = this.#listeners.subscribe;

  #save(change: (raw: RawSettings) => RawSettings): Settings {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      this.#refresh({ patient: false });
      const stamp = this.#stamp;
      const next = change(this.#raw);
      const target = realPathOf(this.#path);
      const isReplaced = replaceFile(target, toText(next), {
        ...(this.#files && { files: this.#files }),
        backupPath: stamp === null ? null : this.#backupPath,
        isStillCurrent: () => fileStamp(this.#path) === stamp,
      });
      if (!isReplaced) continue;
      // Read back instead of assumed, so that a write by another program after ours is seen as well.
      this.#stamp = UNREAD;
      return this.read();
    }
    throw new RequestError("BUSY", `${SETTINGS_FILE} is being changed by someone else all the time.`);
  }

  #accept(raw: RawSettings, stamp: string | null): void {
    const before = this.#reading.settings;
    this.#stamp = stamp;
    this.#reading = interpret(raw, this.#raw);
    this.#raw = raw;
    const { settings } = this.#reading;
    if (JSON.stringify(before) === JSON.stringify(settings)) return;
    this.#listeners.notify(settings);
  }

  #refresh({ patient }: { patient: boolean }): void {
    const stamp = fileStamp(this.#path);
    if (stamp === this.#stamp) return;
    const content = readSettingsFile(this.#path);
    const isFirst = this.#stamp === NEVER_READ;
    if (content.kind === "good") {
      if (isFirst) this.#raw = this.#readBackup();
      this.#accept(content.raw, stamp);
      if (stamp !== this.#noticedStamp) this.#fileNotice = null;
    } else if (content.kind === "missing") this.#stamp = null;
    else if (!patient || this.#ageMs() > EDITING_MS)
      this.#putAside(content.reason, isFirst ? this.#readBackup() : this.#raw, stamp);
  }

  #readBackup(): RawSettings {
    const backup = readSettingsFile(this.#backupPath);
    return backup.kind === "good" ? backup.raw : {};
  }

  #ageMs(): number {
    return this.#now() - (statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  }

  /** Renames the bad file and writes the last good content in its place. In a read-only folder it stays, unused. */
  #putAside(reason: string, lastGood: RawSettings, stamp: string | null): void {
    const aside = `${this.#path}.bad-${new Date(this.#now()).toISOString().replaceAll(/[:.]/g, "-")}`;
    const said = `${SETTINGS_FILE} could not be used: ${reason}.`;
    try {
      moveFileSync(this.#path, aside);
      if (Object.keys(lastGood).length > 0) replaceFile(this.#path, toText(lastGood));
      this.#accept(lastGood, UNREAD);
      this.#fileNotice = `${said} It is kept as ${basename(aside)}, and the last good settings hold.`;
    } catch {
      this.#accept(lastGood, stamp);
      this.#fileNotice = `${said} The last good settings hold.`;
    }
    this.#noticedStamp = fileStamp(this.#path);
  }
}
