import { spawnSync } from "node:child_process";
import nodeFiles, {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { SettingsStore } from "./settings-store";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-settings-"));
  path = join(folder, "modelconf.json");
});

const open = (): SettingsStore => new SettingsStore({ folder });
const write = (content: unknown): void => writeFileSync(path, JSON.stringify(content));
const onDisk = (): unknown => JSON.parse(readFileSync(path, "utf8"));
const names = (): string[] => readdirSync(folder).sort();

/** What the first version of this product wrote. */
const firstVersion = {
  MODEL: "mistral_v0.1/mistral-7b-instruct-v0.1.Q4_K_M.gguf",
  MODEL_TYPE: "mistral",
  LAYERS: "auto",
  TARGET_VRAM_USAGE: 0.8,
  KV_CACHE_QUANT: "q8_0",
  N_CTX: 32768,
};

describe("modelconf.json", () => {
  it("reads a file of the first version as it is", () => {
    write(firstVersion);
    expect(open().read()).toEqual({ ...defaultSettings, ...firstVersion });
    expect(open().notice()).toBeNull();
  });

  it("takes LAYERS as a number", () => {
    write({ ...firstVersion, LAYERS: 15 });
    expect(open().read().LAYERS).toBe(15);
  });

  it("starts with the defaults where there is no file, and writes none before something is changed", () => {
    expect(open().read()).toEqual(defaultSettings);
    expect(names()).toEqual([]);
  });

  it("keeps unknown keys, their order and those of a future version through a save", async () => {
    write({ VERSION: 9, N_CTX: 512, THEME: { dark: true }, MODEL_TYPE: "x" });
    await open().patch({ N_CTX: 2048 });
    expect(readFileSync(path, "utf8")).toBe(
      `${JSON.stringify({ VERSION: 9, N_CTX: 2048, THEME: { dark: true }, MODEL_TYPE: "x" }, null, 2)}\n`,
    );
  });

  it("keeps what was there before as a backup and leaves no temporary file", async () => {
    write({ N_CTX: 512 });
    await open().patch({ N_CTX: 1024 });
    expect(names()).toEqual(["modelconf.json", "modelconf.json.bak"]);
    expect(JSON.parse(readFileSync(`${path}.bak`, "utf8"))).toEqual({ N_CTX: 512 });
  });

  it("tells listeners about a change once, and not about a save that changes nothing", async () => {
    const store = open();
    const heard: number[] = [];
    store.subscribe(settings => heard.push(settings.N_CTX));
    await store.patch({ N_CTX: 1024 });
    await store.patch({ N_CTX: 1024 });
    expect(heard).toEqual([1024]);
  });

  it("puts a key back to its default when it is taken out of the file by hand", () => {
    write({ N_CTX: 512, LAYERS: 3 });
    const store = open();
    write({ LAYERS: 3 });
    expect(store.read()).toMatchObject({ N_CTX: defaultSettings.N_CTX, LAYERS: 3 });
  });
});

describe("settings of one model", () => {
  const models = { "a.gguf": { N_CTX: 8192 }, "sub/b.gguf": { LAYERS: 4 } };

  it("hold for that model only, found by path or by file name", () => {
    write({ MODEL: "deep/a.gguf", N_CTX: 512, MODELS: models });
    expect(open().read().N_CTX).toBe(8192);
    write({ MODEL: "sub/b.gguf", N_CTX: 512, MODELS: models });
    expect(open().read()).toMatchObject({ N_CTX: 512, LAYERS: 4 });
  });

  it("are changed where they are set, and other keys for all", async () => {
    write({ MODEL: "a.gguf", N_CTX: 512, MODELS: models });
    const store = open();
    await store.patch({ N_CTX: 4096, LAYERS: 7 });
    expect(onDisk()).toEqual({
      MODEL: "a.gguf",
      N_CTX: 512,
      LAYERS: 7,
      MODELS: { ...models, "a.gguf": { N_CTX: 4096 } },
    });
  });

  it("can be set, seen and dropped", async () => {
    write({ MODEL: "c.gguf", MODELS: models });
    const store = open();
    await store.patch({ TARGET_VRAM_USAGE: 0.5 }, "model");
    expect(store.overrides()).toEqual({ TARGET_VRAM_USAGE: 0.5 });
    await store.patch({ N_CTX: 2048 }, "model");
    await store.dropOverrides("TARGET_VRAM_USAGE");
    expect(store.overrides()).toEqual({ N_CTX: 2048 });
    await store.dropOverrides();
    expect(store.overrides()).toEqual({});
    expect(onDisk()).toEqual({ MODEL: "c.gguf", MODELS: models });
  });
});

describe("P14 a file that cannot be used", () => {
  const bad: Readonly<Record<string, () => void>> = {
    empty: () => writeFileSync(path, ""),
    half: () => writeFileSync(path, '{"N_CTX": 81'),
    "an array": () => write([1, 2]),
    "a number": () => write(5),
    null: () => write(null),
    "invalid UTF-8": () => writeFileSync(path, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    "100 MB": () => {
      writeFileSync(path, "{");
      truncateSync(path, 100e6);
    },
    "a folder": () => mkdirSync(path),
    "a link to a device": () => symlinkSync("/dev/zero", path),
  };

  it.each(Object.keys(bad))("P14 %s: is kept aside, the last good one holds, and a notice says so", async kind => {
    write({ N_CTX: 1024, UNKNOWN: "kept" });
    await open().patch({ LAYERS: 2 });
    await open().patch({ LAYERS: 3 });
    rmSync(path, { recursive: true });
    bad[kind]?.();
    const store = open();
    // The backup is one save behind.
    expect(store.read()).toMatchObject({ N_CTX: 1024, LAYERS: 2 });
    expect(store.notice()).toContain("could not be used");
    expect(names().filter(name => name.startsWith("modelconf.json.bad-"))).toHaveLength(1);
    expect(onDisk()).toMatchObject({ UNKNOWN: "kept" });
    await store.patch({ LAYERS: 9 });
    expect(open().read()).toMatchObject({ N_CTX: 1024, LAYERS: 9 });
  });

  it("P18 a notice goes with its cause: when the file is repaired by hand, before or after a look, and with a save", async () => {
    let now = Date.now();
    const store = new SettingsStore({ folder, now: () => now });
    const breakFile = () => {
      writeFileSync(path, '{"N_CTX": 512,}');
      now += 10_000;
      store.read();
      expect(store.notice()).toContain("could not be used");
    };
    write({ N_CTX: 1024 });
    store.read();
    breakFile();
    write({ N_CTX: 2048 });
    expect([store.read().N_CTX, store.notice()]).toEqual([2048, null]);

    breakFile();
    store.read();
    expect(store.notice()).toContain("the last good settings hold");
    write({ N_CTX: 4096 });
    expect([store.read().N_CTX, store.notice()]).toEqual([4096, null]);

    breakFile();
    await store.patch({ LAYERS: 3 });
    expect([store.read().LAYERS, store.notice()]).toEqual([3, null]);
  });

  it.each([
    ['{\n  "N_CTX": 512,\n}', "line 3, column 1: there is a comma too many before this"],
    ['{"N_CTX" 512}', "line 1, column 10"],
    ['{\n  "N_CTX": 512\n  "LAYERS": 3\n}', "line 3, column 3"],
    ['{\n  // tokens\n  "N_CTX": 512\n}', "line 2, column 3"],
    ['{"N_CTX": 512', "line 1, column 14"],
    ["{N_CTX: 512}", "line 1, column 2"],
  ])("P14 says where %j is no JSON: %s", (text, place) => {
    writeFileSync(path, text);
    expect(open().notice()).toContain(`it is not valid JSON (${place}`);
  });

  it("P14 without a backup the defaults hold", () => {
    writeFileSync(path, "{");
    expect(open().read()).toEqual(defaultSettings);
    expect(names()).toHaveLength(1);
  });

  it("P14 a byte-order mark is no fault", () => {
    writeFileSync(path, `\ufeff${JSON.stringify({ N_CTX: 512 })}`);
    expect(open().read().N_CTX).toBe(512);
    expect(open().notice()).toBeNull();
  });

  it("P14 one wrong value is named and does not spoil the others, and stays in the file", async () => {
    write({ N_CTX: "many", LAYERS: 4, TARGET_VRAM_USAGE: 7 });
    const store = open();
    expect(store.read()).toEqual({ ...defaultSettings, LAYERS: 4 });
    expect(store.notice()).toContain("TARGET_VRAM_USAGE, N_CTX");
    await store.patch({ LAYERS: 5 });
    expect(onDisk()).toEqual({ N_CTX: "many", LAYERS: 5, TARGET_VRAM_USAGE: 7 });
  });

  it("P14 a value that turns wrong while running leaves the last good one", () => {
    write({ N_CTX: 512 });
    const store = open();
    write({ N_CTX: -1 });
    expect(store.read().N_CTX).toBe(512);
  });

  it("P14 a link to a good file stays a link", async () => {
    const real = join(folder, "elsewhere.json");
    writeFileSync(real, JSON.stringify({ N_CTX: 512 }));
    symlinkSync(real, path);
    await open().patch({ N_CTX: 1024 });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(real, "utf8"))).toEqual({ N_CTX: 1024 });
  });

  it("P14 prototype keys are data", async () => {
    writeFileSync(path, '{"__proto__": {"N_CTX": 5}, "N_CTX": 512}');
    const store = open();
    expect(store.read().N_CTX).toBe(512);
    await store.patch({ LAYERS: 1 });
    expect(Object.hasOwn({}, "N_CTX")).toBe(false);
  });

  it("an editor that writes in two steps is waited for", () => {
    write({ N_CTX: 512 });
    let now = Date.now();
    const store = new SettingsStore({ folder, now: () => now });
    writeFileSync(path, '{"N_CTX": 2');
    expect(store.read().N_CTX).toBe(512);
    expect(readFileSync(path, "utf8")).toBe('{"N_CTX": 2');
    write({ N_CTX: 2048 });
    expect(store.read().N_CTX).toBe(2048);
    writeFileSync(path, '{"N_CTX": 2');
    now += 3_000;
    expect(store.read().N_CTX).toBe(2048);
    expect(onDisk()).toEqual({ N_CTX: 2048 });
  });
});

describe("P15 a save that is cut off", () => {
  /** Saves N_CTX 2 over 1 in a process of its own, which dies before its n-th system call. Exit 0 once n is past the last. */
  const program = `
    import nodeFiles from "node:fs";
    import { SettingsStore } from "./settings-store";
    const [folder, dieBefore] = [process.argv[2], Number(process.argv[3])];
    let calls = 0;
    const files = new Proxy(nodeFiles, {
      get: (target, name) => (...args) => {
        if (calls++ === dieBefore) {
          if (name === "writeFileSync") target.writeFileSync(args[0], args[1].slice(0, 5));
          process.kill(process.pid, "SIGKILL");
        }
        return target[name](...args);
      },
    });
    await new SettingsStore({ folder, files }).patch({ N_CTX: 2 });
  `;

  it("P15 leaves the old or the new settings at every step, and the next start cleans up", () => {
    const script = join(folder, "save.mjs");
    buildSync({
      stdin: { contents: program, resolveDir: __dirname, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: script,
    });
    const seen: number[] = [];
    for (let step = 0; ; step += 1) {
      write({ N_CTX: 1, UNKNOWN: "kept" });
      const { status, signal } = spawnSync(process.execPath, [script, folder, String(step)]);
      expect(onDisk()).toMatchObject({ UNKNOWN: "kept" });
      seen.push(open().read().N_CTX);
      expect(names().filter(name => name.endsWith(".tmp"))).toEqual([]);
      if (status === 0) break;
      expect(signal).toBe("SIGKILL");
    }
    // Open, write, sync, close; copy, rename, remove for the backup; rename (from here on it is new); open, sync and
    // close the folder, remove.
    expect(seen).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  });

  it.each(["ENOSPC", "EROFS", "EIO"])(
    "P3 %s while saving: the old file holds and nothing is left behind",
    async code => {
      write({ N_CTX: 1 });
      const failing = Object.assign(new Error(code), { code });
      for (const call of ["openSync", "writeFileSync", "fsyncSync", "copyFileSync", "renameSync"] as const) {
        const files = {
          ...nodeFiles,
          [call]: () => {
            throw failing;
          },
        };
        const store = new SettingsStore({ folder, files });
        await expect(store.patch({ N_CTX: 2 })).rejects.toBe(failing);
        expect(store.read().N_CTX).toBe(1);
        expect(onDisk()).toEqual({ N_CTX: 1 });
        expect(names().filter(name => name.endsWith(".tmp"))).toEqual([]);
      }
    },
  );
});

describe("P16 a hand edit while the page saves", () => {
  it("P16 is never lost, at whichever system call it happens", async () => {
    for (let step = 0; step < 20; step += 1) {
      write({ N_CTX: 1, TEMPERATURE: 0.1 });
      let calls = 0;
      const files = new Proxy(nodeFiles, {
        get: (target, name) => {
          const call: unknown = Reflect.get(target, name);
          if (typeof call !== "function") return call;
          return (...args: unknown[]): unknown => {
            if (calls++ === step) write({ N_CTX: 1, TEMPERATURE: 0.9, BY_HAND: step });
            return Reflect.apply(call, target, args);
          };
        },
      });
      const store = new SettingsStore({ folder, files });
      await store.patch({ N_CTX: 2 });
      // Nothing can be noticed between the last check and the rename itself: call 7.
      if (step < 7) expect(store.read(), `step ${step}`).toMatchObject({ N_CTX: 2, TEMPERATURE: 0.9 });
      if (calls > step && step !== 7) expect(onDisk(), `step ${step}`).toMatchObject({ BY_HAND: step });
    }
  });

  it("P16 is seen at the next look, also when size and time are the same", () => {
    write({ N_CTX: 11 });
    utimesSync(path, 1000, 1000);
    const store = open();
    write({ N_CTX: 22 });
    utimesSync(path, 1000, 1000);
    expect(store.read().N_CTX).toBe(22);
  });

  it("P16 any mix of edits and saves ends with the last value of every key", async () => {
    const key = fc.constantFrom("N_CTX" as const, "N_BATCH" as const, "TOP_K" as const);
    const change = fc.record({ by: fc.constantFrom("hand", "page"), key, value: fc.integer({ min: 1, max: 900 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async changes => {
        rmSync(path, { force: true });
        const store = open();
        const expected: Record<string, number> = {};
        for (const { by, key, value } of changes) {
          expected[key] = value;
          if (by === "page") await store.patch({ [key]: value });
          else write({ ...(existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}), [key]: value });
        }
        expect(store.read()).toMatchObject(expected);
      }),
      { numRuns: 60 },
    );
  });
});
