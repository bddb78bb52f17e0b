import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";

test.describe("three models for this computer", () => {
  test("are proposed for the CPU, and nothing but this computer is asked", async ({ page, server }) => {
    const others: string[] = [];
    page.on("request", request => {
      if (!request.url().startsWith(server.url)) others.push(request.url());
    });
    await page.goto("/models");
    const picks = page.getByRole("region", { name: /run well on this computer's CPU/ });
    await expect(picks.getByRole("listitem", { name: /^Balanced · our pick: / })).toBeVisible();
    await expect(picks.getByText("Nothing was requested from the network.", { exact: false })).toBeVisible();
    await expect(picks.getByText(/^all \d+ on the CPU$/).first()).toBeVisible();
    expect(others).toEqual([]);
    expect(await axeViolations(page)).toEqual([]);
  });

  test("are other ones for a card of 8 GiB", async ({ page }) => {
    await page.goto("/models?cardMib=8192");
    const picks = page.getByRole("region", { name: "Three models that run well on an assumed 8 GiB card" });
    await expect(picks.getByText(/^all \d+ on the GPU$/).first()).toBeVisible();
    await expect(picks.getByRole("meter", { name: /^GPU memory with / })).toHaveCount(3);
  });

  test("follow the context that is chosen above them", async ({ page }) => {
    await page.goto("/models?cardMib=8192");
    const bars = page.getByRole("meter", { name: /^GPU memory with / });
    await expect(bars.first()).toHaveAttribute("aria-valuetext", /KV cache/i);
    const before = await bars.first().getAttribute("aria-valuetext");
    await page.getByLabel("Context to plan for").selectOption("16384");
    await expect(bars.first()).not.toHaveAttribute("aria-valuetext", before ?? "");
  });

  test("leave the tabs in their place when another one is chosen", async ({ page }) => {
    await page.goto("/models");
    await page.getByRole("listitem", { name: /^Fastest: / }).waitFor();
    const tabs = page.getByRole("tablist", { name: "Where to look for a model" });
    const before = await tabs.boundingBox();
    for (const name of ["Search the hub", "Downloads", "Compare", "Engines"]) {
      await page.getByRole("tab", { name }).click();
      await expect(page.getByRole("tab", { name })).toHaveAttribute("aria-selected", "true");
      expect(await tabs.boundingBox()).toEqual(before);
    }
  });

  test("stay, with what is on the disk, when the hub cannot be asked", async ({ page, ownServer }) => {
    // Nothing listens on the port for discarded data.
    const server = await ownServer({ HF_ENDPOINT: "http://127.0.0.1:9" });
    await page.goto(`${server.url}/models`);
    await page.getByRole("button", { name: "Check with the hub" }).click();
    const alert = page.getByRole("alert").filter({ hasText: "The hub could not be asked." });
    await expect(alert).toBeVisible();
    await expect(alert.getByRole("button", { name: /^Chat with SmolLM2-135M/ })).toBeVisible();
    await expect(page.getByRole("listitem", { name: /^Fastest: / })).toBeVisible();
  });
});
