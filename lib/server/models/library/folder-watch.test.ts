import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { FolderWatch } from "./folder-watch";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-watch-"));
});

const watched = (placed: (listener: () => void) => () => void = () => () => {}) =>
  new FolderWatch({ folders: () => [folder], files: () => [], placesChanged: () => () => {}, placed });

/** The first look is what later ones are compared with. */
const FIRST_LOOK_MS = 100;

describe("a watched folder", () => {
  it("reports a file that comes and one that goes", async () => {
    let changes = 0;
    const stop = watched().subscribe(() => {
      changes += 1;
    });
    await wait(FIRST_LOOK_MS);
    writeFileSync(join(folder, "one.gguf"), "GGUF");
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(1);
    rmSync(join(folder, "one.gguf"));
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(2);
    stop();
  });

  it("reports a download that is gone again before anybody looked", async () => {
    let changes = 0;
    let place = (): void => {};
    const stop = watched(listener => {
      place = listener;
      return () => {};
    }).subscribe(() => {
      changes += 1;
    });
    await wait(FIRST_LOOK_MS);
    writeFileSync(join(folder, "one.gguf"), "GGUF");
    place();
    rmSync(join(folder, "one.gguf"));
    await expect.poll(() => changes, { timeout: 15_000 }).toBe(1);
    stop();
  });

  it("reports a new file although another one is written all the time", async () => {
    let changes = 0;
    const stop = watched().subscribe(() => {
      changes += 1;
    });
    await wait(FIRST_LOOK_MS);
    writeFileSync(join(folder, "new.gguf"), "GGUF");
    for (let piece = 0; changes === 0; piece++) {
      writeFileSync(join(folder, "download.part"), String(piece));
      await wait(20);
    }
    expect(changes).toBe(1);
    stop();
  }, 30_000);
});
