import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { axeViolations } from "./axe-violations";
import { endlessChat } from "./endless-chat";
import { expect, noModelEnv, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";

const LONG = "Count slowly from one to two hundred in words, one number a line.";
/** The most bytes of fonts before the first paint. */
const FONT_LIMIT_BYTES = 60_000;

const paletteField = (page: Page) => page.getByRole("combobox", { name: "Search chats and commands" });

test.describe("the palette", () => {
  test("is there on every screen, by key and by button, and leads on", async ({ page }) => {
    for (const path of ["/models", "/dashboard"]) {
      await page.goto(path);
      await page.getByRole("banner").getByRole("button", { name: "Search chats and commands" }).click();
      await expect(paletteField(page)).toBeFocused();
      await expect(page.getByRole("group", { name: "Go to" }).getByRole("option", { name: "Models" })).toBeVisible();
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await expect(paletteField(page)).toHaveCount(0);
    }
    await page.keyboard.press("Control+k");
    await page.keyboard.type("new chat");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL("/");
    await expect(page.getByText("What would you like to talk about?")).toBeVisible();
  });

  test("loses no key when it arrives late", async ({ page }) => {
    await page.goto("/dashboard");
    await page.getByRole("heading", { level: 2 }).first().waitFor();
    let late = 0;
    await page.route("**/*.js", async route => {
      late += 1;
      await new Promise(resolve => setTimeout(resolve, 1500));
      await route.continue();
    });
    // The header's code is there with the first paint; the palette's own is requested half a second later.
    await page.reload({ waitUntil: "commit" });
    await expect(page.getByRole("banner").getByRole("button", { name: "Theme" })).toBeVisible();
    await expect(async () => {
      await page.keyboard.press("Control+k");
      expect(await page.evaluate(() => document.querySelector("[data-palette-open]") !== null)).toBe(true);
    }).toPass();
    await page.keyboard.type("models");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL("/models");
    expect(late).toBeGreaterThan(0);
  });
});

const contextMeter = (page: Page) => {
  const meter = page.getByRole("button", { name: /^[\d,]+ of 4,096 tokens/ });
  const used = async () => Number.parseInt(((await meter.textContent()) ?? "").replaceAll(",", ""), 10);
  return { meter, used };
};

test.describe("what is pressed and what stays", () => {
  test("the keyboard goes on in the message field after a starter and after Stop", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    await page.getByRole("button", { name: "Write a short thank-you note" }).click();
    await expect(chat.message).toBeFocused();
    await chat.replyBegun();
    await chat.stop.click();
    await chat.replyFinished();
    await expect(chat.message).toBeFocused();
  });

  test("a toast does not follow to another screen", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    const buffer = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0]);
    await page
      .locator("input[aria-label='Attach files']")
      .setInputFiles({ name: "x.png", mimeType: "image/png", buffer });
    const toast = page.getByRole("region", { name: "Notifications" }).getByText("Not attached");
    await expect(toast).toBeVisible();
    await page.getByRole("link", { name: "Models", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Models", level: 1 })).toBeVisible();
    await expect(toast).toHaveCount(0);
  });

  test("the context meter is there in a new chat's first answer and moves with it", async ({ page, ownServer }) => {
    const { url } = await ownServer();
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, url), url);
    const { meter, used } = contextMeter(page);
    // No model is loaded yet, so nothing could be counted.
    await expect(meter).toHaveCount(0);
    await chat.say(LONG);
    await chat.replyBegun();
    await expect(meter).toBeVisible();
    const atFirst = await used();
    // LONG and its template take more than 20 tokens.
    expect(atFirst).toBeGreaterThan(20);
    await expect.poll(used).toBeGreaterThan(atFirst + 10);
    await expect(chat.stop).toBeVisible();
    await chat.stop.click();
    await chat.replyFinished();
  });

  test("the context meter does not fall back to the count from before an answer when it ends", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open();
    const { used } = contextMeter(page);
    await chat.say("Tell a long story about a river, a stone and a cloud.");
    await chat.replyBegun();
    await expect.poll(used).toBeGreaterThan(120);
    const isCounted = page.waitForResponse(/\/context$/);
    await chat.stop.click();
    await chat.replyFinished();
    expect(await used()).toBeGreaterThan(110);
    await isCounted;
    expect(await used()).toBeGreaterThan(110);
  });

  test("a change during an answer says that it waits, in every tab, and can come now", async ({
    page,
    sharedServer,
  }) => {
    const { url } = await sharedServer();
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, url), url);
    await page.request.post(`${url}/api/engine/load`, { data: {} });
    const other = await page.context().newPage();
    const dashboard = new DashboardPage(other);
    await dashboard.open(url);
    await dashboard.type("Context size", "1024");
    await chat.say(LONG);
    await chat.replyBegun();
    await expect(dashboard.apply).toHaveText("Apply: reloads after this answer");
    await dashboard.apply.click();
    await expect(other.getByText("Reloads after this answer.")).toBeVisible();
    await page.bringToFront();
    await expect(page.getByText("Reloads after this answer.")).toBeVisible();
    await expect(chat.stop).toBeVisible();
    await page.getByRole("button", { name: "Reload now" }).click();
    await chat.replyFinished();
    await expect(page.getByText("Reloads after this answer.")).toHaveCount(0);
    await expect(page.getByText(/of 1,024 tokens/)).toBeVisible();
  });

  test("a model without a chat template is said to be one", async ({ page, sharedServer }) => {
    const server = await sharedServer();
    const path = join(server.home, "base.gguf");
    const bytes = readFileSync(join("models", DEFAULT_MODEL));
    const at = bytes.indexOf("tokenizer.chat_template");
    expect(at).toBeGreaterThan(0);
    bytes.write("tokenizer.chat_templatX", at);
    writeFileSync(path, bytes);
    const response = await page.request.patch(`${server.url}/api/settings`, { data: { MODEL: path } });
    expect(response.ok(), await response.text()).toBe(true);
    const chat = new ChatPage(page);
    await chat.open(undefined, server.url);
    await page.request.post(`${server.url}/api/engine/load`, { data: {} });
    await expect(page.getByText("This model has no chat template")).toBeVisible();
  });
});

test.describe("small screens", () => {
  for (const [width, rows] of [
    [768, 1],
    [360, 2],
  ] as const)
    test(`the composer's tools take at most ${rows} rows at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 900 });
      const chat = new ChatPage(page);
      await chat.open();
      await page.request.post("/api/engine/load", { data: {} });
      await expect(page.getByRole("button", { name: /of 4,096 tokens/ })).toBeVisible();
      const tops = await page
        .locator("form:has(textarea) button:visible")
        .evaluateAll(buttons =>
          buttons.map(button => button.getBoundingClientRect()).map(({ top, height }) => top + height / 2),
        );
      expect(new Set(tops.map(top => Math.round(top / 12))).size).toBeLessThanOrEqual(rows);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    });

  for (const width of [360, 768])
    test(`sentence and gauge stay in sight while a slider moves at ${width} px`, async ({ page }) => {
      await page.setViewportSize({ width, height: 740 });
      const dashboard = new DashboardPage(page);
      await dashboard.open();
      for (const [card, label] of [
        ["Another card", "Context size"],
        ["Another card", "GPU layers"],
        ["This computer", "CPU threads"],
      ] as const) {
        await dashboard.choose("Card to plan for", card);
        await dashboard.slider(label).scrollIntoViewIfNeeded();
        await dashboard.slider(label).press("ArrowRight");
        const sticky = page.locator("[data-sticky-plan]");
        await expect(sticky.getByText((await dashboard.sentence.textContent()) ?? "")).toBeInViewport({ ratio: 1 });
        await expect(sticky.getByRole("meter")).toBeInViewport({ ratio: 1 });
      }
    });

  test("at 900 px height more than Memory of the settings is in sight", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.choose("Card to plan for", "This computer");
    const settings = page.getByRole("region", { name: "Settings" });
    for (const heading of ["Memory", "Compute"])
      await expect(settings.getByRole("heading", { name: heading })).toBeInViewport();
  });

  test("the context table's card is as high as its table beside long tabs", async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    const card = page.getByRole("region", { name: "Context size impact" });
    await dashboard.openTab("Receipts");
    const before = await card.boundingBox();
    await dashboard.openTab("Diagnostics");
    await expect(page.getByRole("button", { name: /^(?:Load|Reload) now$/ })).toBeVisible();
    expect((await card.boundingBox())?.height).toBe(before?.height);
    const details = await page.getByRole("region", { name: "Details" }).boundingBox();
    expect(details?.height).toBeGreaterThan((before?.height ?? Number.NaN) + 100);
  });

  test("receipts are whole on a phone", async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.request.post("/api/engine/load", { data: {} });
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.openTab("Receipts");
    const table = page.getByRole("table", { name: "Past loads" });
    await expect(table).toBeVisible();
    const cut = await table.evaluate(element => {
      const region = element.parentElement;
      return region === null ? Number.NaN : region.scrollWidth - region.clientWidth;
    });
    expect(cut).toBeLessThanOrEqual(0);
  });
});

test("Inter comes from here, and at most 60 kB of it before the first paint", async ({ page }) => {
  await page.goto("/");
  await expect(new ChatPage(page).message).toBeEditable();
  const loaded = await page.evaluate(() =>
    [...document.fonts].filter(({ status }) => status === "loaded").map(({ family }) => family),
  );
  expect(loaded).toContain("inter");
  const fonts = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(
        (entry): entry is PerformanceResourceTiming => "encodedBodySize" in entry && entry.name.includes(".woff2"),
      )
      .map(({ name, encodedBodySize }) => ({ origin: new URL(name).origin, bytes: encodedBodySize })),
  );
  expect(fonts.length).toBeGreaterThan(0);
  expect(fonts.every(({ origin }) => origin === new URL(page.url()).origin)).toBe(true);
  expect(fonts.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(FONT_LIMIT_BYTES);
});

test.describe("addresses that people paste", () => {
  let hub: StandInHub;
  test.beforeAll(async () => {
    hub = await StandInHub.start();
    const { header, fileBytes } = shapeFile(modelShape("mistral-7b-v0.1"));
    hub.serve("/owner/repo/resolve/main/m-Q4_K_M.gguf", { start: header, fileBytes });
    hub.serveTree("owner/repo", { "m-Q8_0.gguf": 7_695_857_952, "m-Q4_K_M.gguf": 4_368_439_584 });
  });
  test.afterAll(() => hub.stop());

  test("a repository lists its files; a wrong address and no network are said under the field", async ({
    page,
    ownServer,
  }) => {
    const { url } = await ownServer({ ...noModelEnv(), HF_ENDPOINT: hub.origin });
    await page.goto(`${url}/models`);
    await page.getByRole("tab", { name: "Search the hub" }).click();
    const field = page.getByRole("searchbox", { name: "Search the hub, or paste an address" });
    const search = async (address: string) => {
      await field.fill(address);
      await page.getByRole("button", { name: "Search", exact: true }).click();
    };
    await search("owner/gone");
    await expect(field).toHaveAccessibleDescription(/ has no owner\/gone\./);
    await expect(page).toHaveURL(`${url}/models?tab=hub`);
    await search("https://hub.invalid/m.gguf");
    await expect(field).toHaveAccessibleDescription(/^You seem to be offline: hub\.invalid cannot be found\./);
    await search(`${hub.origin}/owner/repo`);
    const files = page.getByRole("list", { name: "Files of owner/repo" }).getByRole("listitem");
    await expect(files).toHaveText([/Q4_K_M.*m-Q4_K_M\.gguf.*4\.07 GiB/, /Q8_0.*m-Q8_0\.gguf.*7\.17 GiB/]);
    expect(await axeViolations(page)).toEqual([]);
    await search("owner/repo:Q4_K_M");
    await expect(page.getByText("Planned for hf:owner/repo/m-Q4_K_M.gguf")).toBeVisible();
  });
});
