import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** `loses a card`: ends as NVIDIA's does when a card falls off the bus, and reads the others only if they are named. */
type Behaviour = "reads" | "garbage" | "gone" | "hangs" | "loses a card";

interface SmiCard {
  readonly name: string;
  readonly totalMib: number;
  readonly usedMib: number;
  /** Its number on the bus, in hexadecimal. */
  readonly bus?: string;
  readonly busy?: number;
  readonly celsius?: number;
  readonly watts?: number;
}

const uuidOf = (bus: string): string => `GPU-5a2c1f${bus.toLowerCase()}-1111-2222-3333-444455556666`;

/** One card as nvidia-smi prints it. */
export const smiLine = ({
  name,
  totalMib,
  usedMib,
  bus = "B3",
  busy = 12,
  celsius = 41,
  watts = 30.52,
}: SmiCard): string =>
  `00000000:${bus}:00.0, ${uuidOf(bus)}, ${name}, 550.54.14, ${totalMib}, ${usedMib}, ${totalMib - usedMib}, ${busy}, ${celsius}, ${watts}`;

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** An nvidia-smi that behaves as a file says. It reads the file each second and records each start. */
export class StandInNvidiaSmi {
  readonly folder = mkdtempSync(join(tmpdir(), "headroom-nvidia-"));
  readonly #behaviourPath = join(this.folder, "behaviour");
  readonly #startsPath = join(this.folder, "starts");
  readonly #cardsPath = join(this.folder, "cards");

  constructor(cards: readonly string[]) {
    const script = join(this.folder, "nvidia-smi");
    writeFileSync(
      script,
      `#!/bin/sh
echo $$ >> "${this.#startsPath}"
case "$*" in
  *compute-apps*) while :; do echo "${uuidOf("B3")}, 4242, /usr/bin/blender, 1024"; sleep 2; done ;;
esac
while :; do
  case "$(cat "${this.#behaviourPath}")" in
    reads) cat "${this.#cardsPath}"; echo "WARNING: infoROM is corrupted at gpu 0000:B3:00.0" ;;
    garbage) echo "%PDF-1.4 [[[" ;;
    gone) echo "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost." >&2; exit 15 ;;
    hangs) trap "" TERM; sleep 1000 ;;
    "loses a card") case "$*" in
      *" -i "*) head -n 1 "${this.#cardsPath}" ;;
      *) echo "Unable to determine the device handle for GPU $(tail -n 1 "${this.#cardsPath}" | cut -c5-16): GPU is lost." >&2; exit 15 ;;
    esac ;;
  esac
  sleep 1
done
`,
    );
    chmodSync(script, 0o755);
    this.show(cards);
    this.behave("reads");
  }

  /** Lines of `smiLine`. */
  show(cards: readonly string[]): void {
    writeFileSync(this.#cardsPath, `${cards.join("\n")}\n`);
  }

  behave(behaviour: Behaviour): void {
    writeFileSync(this.#behaviourPath, behaviour);
  }

  /** The process ids of all that were started, and of those that still run. */
  processes(): { readonly started: readonly number[]; readonly running: readonly number[] } {
    const lines = existsSync(this.#startsPath) ? readFileSync(this.#startsPath, "utf8") : "";
    const started = lines.split("\n").filter(Boolean).map(Number);
    return { started, running: started.filter(isRunning) };
  }

  get env(): Record<string, string> {
    return { PATH: `${this.folder}${delimiter}${process.env.PATH}` };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
