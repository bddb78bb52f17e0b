import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

type Behaviour = "reads" | "garbage" | "gone" | "hangs";

/** The software GPU's own name, so that the stand-in's card is taken for the one that llama.cpp uses. */
const CARD = "0, GPU-5a2c1f7e-1111-2222-3333-444455556666, llvmpipe, 550.54.14, 8192, 4096, 4096, 12, 41, 30.52";

/** An nvidia-smi that does what a file says, looked at each second. */
class StandInNvidiaSmi {
  readonly folder = mkdtempSync(join(tmpdir(), "headroom-nvidia-"));
  readonly #behaviourPath = join(this.folder, "behaviour");

  constructor() {
    const script = join(this.folder, "nvidia-smi");
    writeFileSync(
      script,
      `#!/bin/sh
case "$*" in
  *compute-apps*) echo "4242, /usr/bin/blender, 4096"; exec sleep 1000 ;;
esac
while :; do
  case "$(cat "${this.#behaviourPath}")" in
    reads) echo "${CARD}" ;;
    garbage) echo "%PDF-1.4 [[[" ;;
    gone) echo "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost." >&2; exit 15 ;;
    hangs) trap "" TERM; sleep 1000 ;;
  esac
  sleep 1
done
`,
    );
    chmodSync(script, 0o755);
    this.behave("reads");
  }

  behave(behaviour: Behaviour): void {
    writeFileSync(this.#behaviourPath, behaviour);
  }

  get env(): Record<string, string> {
    return { ...softwareGpuEnv, PATH: `${this.folder}${delimiter}${process.env.PATH}` };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

test.describe("with a stand-in nvidia-smi", () => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device here");
  test.setTimeout(150_000);

  for (const fault of ["garbage", "gone", "hangs"] as const)
    test(`a card half used by others is shown as that; when nvidia-smi ${fault === "gone" ? "loses the card" : `turns to ${fault}`}, the page stops saying so, and recovers`, async ({
      page,
      ownServer,
    }) => {
      const smi = new StandInNvidiaSmi();
      const server = await ownServer(smi.env);
      const dashboard = new DashboardPage(page);
      await dashboard.open(server.url);
      const now = dashboard.measuredGauge;
      await expect(now).toHaveAttribute("aria-valuetext", /of 8\.00 GiB: others [34]\.\d\d GiB/, { timeout: 60_000 });
      await expect(page.getByText("41 °C")).toBeVisible();
      await expect(page.getByText("blender")).toBeVisible();

      smi.behave(fault);
      // Either another source tells (the engine's own counter: 2 GiB in all), or the reading is marked as old.
      await expect
        .poll(async () => /of 8\.00 GiB/.test((await now.getAttribute("aria-valuetext").catch(() => "")) ?? ""), {
          timeout: 30_000,
        })
        .toBe(false);
      await expect(page.getByText("41 °C")).toBeHidden();

      smi.behave("reads");
      await expect(now).toHaveAttribute("aria-valuetext", /of 8\.00 GiB: others/, { timeout: 60_000 });
      smi.remove();
    });
});
