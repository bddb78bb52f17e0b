import { readdirSync, readFileSync } from "node:fs";
import * as z from "zod";
import { vramSchema } from "@/lib/schema/engine-commands";
import { engineInfoSchema } from "@/lib/schema/engines/engine-info";
import { isDriverSetting } from "@/lib/server/engine/engine-environment";
import { JsonFile } from "@/lib/server/system/json-file";

const memoSchema = z.object({ key: z.string(), info: engineInfoSchema, vram: z.nullable(vramSchema) });

/** What the engine found when it last ran on this machine with the same drivers, cards and settings. */
export type KnownDevice = Pick<z.infer<typeof memoSchema>, "info" | "vram">;

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** Changes with every driver, card and setting that could change what the engine finds. */
const machineKey = (run: string, env: Readonly<Record<string, string | undefined>>): string =>
  JSON.stringify([
    run,
    process.platform,
    Object.entries(env)
      .filter(([name]) => isDriverSetting(name))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
    textOf("/proc/driver/nvidia/version"),
    namesIn("/dev/dri"),
    namesIn("/dev").filter(name => /^(?:nvidia|dxg|kfd)/.test(name)),
    namesIn("/usr/share/vulkan/icd.d"),
    namesIn("/etc/vulkan/icd.d"),
  ]);

/**
 * Remembers which device the engine found, so that `npm run plan` need not start an engine to find it again:
 * that would take longer than the plan.
 */
export class DeviceMemo {
  readonly #file: JsonFile<typeof memoSchema>;

  constructor(
    path: string,
    private readonly run: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#file = new JsonFile(path, memoSchema);
  }

  read(): KnownDevice | null {
    const memo = this.#file.read();
    return memo?.key === machineKey(this.run, this.env) ? memo : null;
  }

  /** @throws the file system's error */
  write(known: KnownDevice): void {
    this.#file.write({ key: machineKey(this.run, this.env), ...known });
  }
}
