import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { vramSchema } from "@/lib/schema/engine-commands";
import { engineInfoSchema } from "@/lib/schema/engine-info";
import { isDriverSetting } from "@/lib/server/engine/engine-environment";
import { makeFolder } from "@/lib/server/system/make-folder";
import { replaceFile } from "@/lib/server/system/replace-file";

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
  constructor(
    private readonly path: string,
    private readonly run: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  read(): KnownDevice | null {
    try {
      const memo = memoSchema.safeParse(JSON.parse(readFileSync(this.path, "utf8")));
      return memo.success && memo.data.key === machineKey(this.run, this.env) ? memo.data : null;
    } catch {
      return null;
    }
  }

  /** @throws the file system's error */
  write(known: KnownDevice): void {
    makeFolder(dirname(this.path));
    replaceFile(this.path, `${JSON.stringify({ key: machineKey(this.run, this.env), ...known })}\n`);
  }
}
