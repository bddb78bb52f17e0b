import { spawnSync } from "node:child_process";

interface SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly mib: number;
}

/** Runs a command on a small disk in its own namespace: it needs no rights, no other process sees it, and it disappears with its last process. */
export const onSmallDisk = ({ folder, mib }: SmallDisk, ...command: string[]) =>
  spawnSync(
    "unshare",
    [
      "--user",
      "--map-root-user",
      "--mount",
      "sh",
      "-c",
      `mount -t tmpfs -o size=${mib}m tmpfs "$0" && exec "$@"`,
      folder,
      ...command,
    ],
    { encoding: "utf8" },
  );
