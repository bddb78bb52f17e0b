import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { Listeners } from "@/lib/server/system/listeners";
import { systemTimers } from "@/lib/server/system/timers";
import { findModelFiles } from "./find-model-files";

/** A copy or a move makes many events at once. */
const SETTLE_MS = 300;
/** Some file systems (network shares, links to other disks) report nothing, so they are looked at as well. */
const CHECK_INTERVAL_MS = 5_000;

interface FolderWatchOptions {
  readonly folders: () => readonly string[];
  /** Single files in addition to those of the folders. */
  readonly files: () => readonly string[];
  /** Reports that the folders or the single files are others. */
  readonly placesChanged: (listener: () => void) => () => void;
  /** Reports that Headroom itself put a file here, which is known to others already. */
  readonly placed: (listener: () => void) => () => void;
}

/** Reports that model files came, went or changed in the library's folders. Does nothing while nobody subscribes. */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #listeners = new Listeners(() => this.#start());
  #watchers: FSWatcher[] = [];
  #cancelCheck = (): void => {};
  /** A look is due soon. Further events do not put it off: a download in the folder makes them without end. */
  #isSettling = false;
  #isChecking = false;
  #seen: string | null = null;
  /** A file that was placed may be gone again before the next look, which then sees no change. */
  #mustReport = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  readonly subscribe = this.#listeners.subscribe;

  #start(): () => void {
    const watchAgain = () => {
      this.#watchFolders();
      this.#checkIn(0);
    };
    const stops = [
      this.#options.placesChanged(watchAgain),
      this.#options.placed(() => {
        this.#mustReport = true;
        this.#checkSoon();
      }),
    ];
    watchAgain();
    return () => {
      for (const stop of stops) stop();
      this.#cancelCheck();
      this.#closeWatchers();
      this.#isSettling = false;
      this.#seen = null;
    };
  }

  #watchFolders(): void {
    this.#closeWatchers();
    for (const folder of this.#options.folders()) {
      try {
        const watcher = watch(folder, { recursive: true, persistent: false }, () => this.#checkSoon());
        // A folder that goes away, or too many watched files: the looks at intervals go on.
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // A missing folder is found by the looks when it comes.
      }
    }
  }

  #closeWatchers(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #checkSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#checkIn(SETTLE_MS);
  }

  #checkIn(delayMs: number): void {
    this.#cancelCheck();
    this.#cancelCheck = systemTimers.after(delayMs, () => void this.#check());
  }

  async #check(): Promise<void> {
    this.#isSettling = false;
    // Of two looks at once, the older one could end last and count as what was seen.
    if (this.#isChecking) return this.#checkSoon();
    this.#isChecking = true;
    const mustReport = this.#mustReport;
    this.#mustReport = false;
    const now = await signatureOf(this.#options.folders(), this.#options.files()).finally(() => {
      this.#isChecking = false;
    });
    if (this.#listeners.isEmpty) return;
    const isChanged = this.#seen !== null && now !== this.#seen;
    this.#seen = now;
    if (isChanged || mustReport) this.#listeners.notify();
    if (!this.#isSettling) this.#checkIn(CHECK_INTERVAL_MS);
  }
}

async function signatureOf(folders: readonly string[], files: readonly string[]): Promise<string> {
  const found = (await Promise.all(folders.map(findModelFiles))).flat();
  const lines = [...found.map(({ path }) => path), ...files].map(async path => {
    const file = await stat(path).catch(() => null);
    return `${path}:${file?.ino}:${file?.size}:${file?.mtimeMs}`;
  });
  return [...folders, ...(await Promise.all(lines))].join("\n");
}
