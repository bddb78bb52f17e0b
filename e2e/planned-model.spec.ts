import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";
import { DashboardPage } from "./pages/dashboard-page";

const ADDRESS = "hf:owner/repo/mistral.gguf";

const othersGib = (valueText: string | null): number => Number(/others ([\d.]+) GiB/.exec(valueText ?? "")?.[1]);

test.describe("a model that is not on this computer", () => {
  let hub: StandInHub;
  test.beforeAll(async () => {
    hub = await StandInHub.start();
    const { header, fileBytes } = shapeFile(modelShape("mistral-7b-v0.1"));
    hub.serve("/owner/repo/resolve/main/mistral.gguf", { start: header, fileBytes });
  });
  test.afterAll(() => hub.stop());

  test("is planned in every view from its address, and cannot be applied", async ({ page, sharedServer }) => {
    const { url } = await sharedServer({ HF_ENDPOINT: hub.origin });
    const dashboard = new DashboardPage(page);
    await page.goto(`${url}/models`);
    await page.getByRole("tab", { name: "Search the hub" }).click();
    const address = page.getByRole("searchbox", { name: "Search the hub, or paste an address" });
    await address.fill("https://user:secret@example.com/mistral.gguf");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await expect(page.getByText("An address with a user name or password is not taken.")).toBeVisible();
    await address.fill(ADDRESS);
    await page.getByRole("button", { name: "Search", exact: true }).click();

    await expect(page.getByText(`Planned for ${ADDRESS}, which is not on this computer`)).toBeVisible();
    await dashboard.choose("Card to plan for", "Another card");
    await dashboard.type("Memory of the card, MiB", "8192");
    await dashboard.type("Used by others, MiB", "857");
    // 32 blocks and the output; at 2,048 tokens all of a 4 GiB model fit the target of 6553 MiB less 857.
    await dashboard.type("Context size", "2048");
    await expect(dashboard.sentence).toContainText("All 33 layers fit");
    await dashboard.type("Context size", "32768");
    await expect(dashboard.sentence).toContainText(/\d+ of 33 layers/);
    await expect(dashboard.apply).toHaveCount(0);
    expect(await axeViolations(page)).toEqual([]);

    await page.getByRole("link", { name: "Back to the model in use" }).click();
    await expect(dashboard.sentence).toContainText(/31 layers/);
    await expect(page.getByText(ADDRESS)).toHaveCount(0);
    await dashboard.reset.click();
    // The weights were not downloaded: the header is a small part of the file.
    expect(hub.sentBytes).toBeLessThan(16 * 1024 * 1024);
  });

  test("leaves the others in system memory as they are: what the loaded model holds is not theirs", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer({ HF_ENDPOINT: hub.origin });
    expect((await fetch(`${url}/api/engine/load`, { method: "POST" })).ok).toBe(true);
    await page.goto(`${url}/dashboard`);
    const gauge = new DashboardPage(page).ramGauge;
    await expect(gauge).toHaveAttribute("aria-valuetext", /others/);
    const own = othersGib(await gauge.getAttribute("aria-valuetext"));
    await page.goto(`${url}/dashboard?model=${encodeURIComponent(ADDRESS)}`);
    await expect(page.getByText(`Planned for ${ADDRESS}`)).toBeVisible();
    await expect(gauge).toHaveAttribute("aria-valuetext", /others/);
    const planned = othersGib(await gauge.getAttribute("aria-valuetext"));
    // The planned model is 4 GiB larger than the loaded one; other programs of this computer start and end meanwhile.
    expect(Math.abs(planned - own)).toBeLessThan(1.5);
  });

  test("that does not exist is said to be missing, with the way back", async ({ page, sharedServer }) => {
    const { url } = await sharedServer({ HF_ENDPOINT: hub.origin });
    await page.goto(`${url}/dashboard?model=${encodeURIComponent("hf:owner/repo/missing.gguf")}`);
    await expect(page.getByRole("alert").filter({ hasText: "has no missing.gguf" })).toBeVisible();
    await page.getByRole("link", { name: "Back to the model in use" }).click();
    await expect(new DashboardPage(page).sentence).toBeVisible();
  });
});
