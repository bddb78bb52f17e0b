import AxeBuilder from "@axe-core/playwright";
import type { FakeScript } from "@/lib/server/testing/fake-engine";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine-entry";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";
import { StandInNvidiaSmi, smiLine } from "./stand-in-nvidia-smi";

const NAME = "NVIDIA GeForce RTX 3060";
const first = smiLine({ name: NAME, bus: "01", totalMib: 12_288, usedMib: 6144, busy: 87, celsius: 66, watts: 142.2 });
const second = smiLine({ name: NAME, bus: "02", totalMib: 12_288, usedMib: 1024, busy: 3, celsius: 31, watts: 9.1 });

/** An engine that says it runs on these devices. */
const engineOn = (devices: readonly string[], script: FakeScript = {}): Record<string, string> => ({
  HEADROOM_GPU: "cuda",
  HEADROOM_ENGINE_ENTRY: fakeEngineEntry({ backend: "cuda", devices, ...script }),
});

test.describe("H4 two cards of one name", () => {
  test.setTimeout(120_000);
  let smi: StandInNvidiaSmi;
  test.beforeEach(() => {
    smi = new StandInNvidiaSmi([first, second]);
  });
  test.afterEach(() => smi.remove());

  test("each has its own bar and figures; a lost one is told, and the plan is for the other", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    const dashboard = new DashboardPage(page);
    await dashboard.open(url);
    const cards = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(cards).toHaveCount(2);
    await expect(cards.nth(0)).toHaveText(/RTX 3060.*0000:01:00\.0.*6\.00 GiB of 12\.00 GiB.*87 % busy.*66 °C.*142 W/);
    await expect(cards.nth(1)).toHaveText(/RTX 3060.*0000:02:00\.0.*1\.00 GiB of 12\.00 GiB.*3 % busy.*31 °C.*9 W/);
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(24 * 1024 ** 3));
    const inHeader = page.getByRole("banner").getByRole("meter");
    await expect(inHeader).toHaveCount(2);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

    smi.behave("loses a card");
    const toasts = page.getByRole("region", { name: "Notifications" });
    await expect(toasts).toContainText(`${NAME} (0000:02:00.0) is gone`, { timeout: 30_000 });
    await expect(page.getByText(`${NAME} (0000:02:00.0) no longer answers. The plan is for`)).toBeVisible();
    await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(12 * 1024 ** 3));
    await expect(cards).toHaveCount(0);
    await expect(page.getByText("66 °C")).toBeVisible();
    await expect(inHeader).toHaveCount(1);
  });

  test("the chat is told as well", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    const chat = new ChatPage(page);
    await chat.open(undefined, url);
    await expect(page.getByRole("banner").getByRole("meter")).toHaveCount(2, { timeout: 30_000 });
    smi.behave("loses a card");
    await expect(page.getByRole("region", { name: "Notifications" })).toContainText("no longer answers", {
      timeout: 30_000,
    });
  });

  test("garbage takes the bars away and comes to no figure", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME, NAME]), ...smi.env });
    await new DashboardPage(page).open(url);
    const cards = page.getByRole("list", { name: "Cards now" }).getByRole("listitem");
    await expect(cards).toHaveCount(2);
    smi.behave("garbage");
    await expect(cards).toHaveCount(0, { timeout: 30_000 });
    await expect(page.getByText("66 °C")).toHaveCount(0);
    await expect(page.getByText("is gone")).toHaveCount(0);
  });

  test("CUDA_VISIBLE_DEVICES chooses whose figures are shown", async ({ page, ownServer }) => {
    const { url } = await ownServer({ ...engineOn([NAME]), ...smi.env, CUDA_VISIBLE_DEVICES: "1" });
    await new DashboardPage(page).open(url);
    await expect(page.getByText("31 °C")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText("66 °C")).toHaveCount(0);
  });

  test("where it cannot be told which of them is used, no figure is shown", async ({ page, ownServer }) => {
    const env = { ...engineOn([NAME]), CUDA_VISIBLE_DEVICES: "0", CUDA_DEVICE_ORDER: "FASTEST_FIRST" };
    const { url } = await ownServer({ ...env, ...smi.env });
    await new DashboardPage(page).open(url);
    await expect(page.getByText("not known which card")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(/°C/)).toHaveCount(0);
  });
});

test("H8 a part of a card (MIG) has no reading of its own, and the page says so", async ({ page, ownServer }) => {
  const name = "NVIDIA H100 80GB HBM3";
  const smi = new StandInNvidiaSmi([smiLine({ name, totalMib: 81_559, usedMib: 100 })]);
  const vram = { totalBytes: 10 * 1024 ** 3, usedBytes: 0, freeBytes: 10 * 1024 ** 3, unifiedBytes: 0 };
  const env = { ...engineOn([`${name} MIG 1g.10gb`], { vram }), CUDA_VISIBLE_DEVICES: "MIG-aaaaaaaa-1111-2222" };
  const { url } = await ownServer({ ...env, ...smi.env });
  const dashboard = new DashboardPage(page);
  await dashboard.open(url);
  await expect(page.getByText("A part of a card (MIG) has no reading of its own.")).toBeVisible({ timeout: 30_000 });
  await expect(dashboard.gauge).toHaveAttribute("aria-valuemax", String(10 * 1024 ** 3));
  await expect(page.getByText("41 °C")).toHaveCount(0);
  smi.remove();
});
