import { expect, hasSoftwareGpu, softwareGpuEnv, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";

/** What one person does in the first ten minutes, on the real model. */
test("chat, lower the target, apply, see the reload, and chat on with the history intact", async ({
  page,
  ownServer,
}) => {
  test.skip(!hasSoftwareGpu(), "no software Vulkan device (mesa-vulkan-drivers) to place layers on");
  test.setTimeout(400_000);
  const server = await ownServer(softwareGpuEnv);
  const chat = new ChatPage(page);
  const dashboard = new DashboardPage(page);
  const engine = async () => (await (await page.request.get(`${server.url}/api/engine`)).json()).engine;

  await chat.open(undefined, server.url);
  // The software GPU needs most of a second for a token, so three tokens make an answer here.
  await chat.options({ longestReply: 3 });
  await chat.ask("What is the capital of France?");
  await expect(page.getByRole("banner")).toContainText("31 of 31");
  const chatId = chat.chatId;
  const firstGeneration = (await engine()).config;

  await dashboard.open(server.url);
  await dashboard.slider("Target VRAM usage").focus();
  await dashboard.type("Target VRAM usage", "25");
  await expect(dashboard.sentence).toHaveText(/\d+ of 31 layers fit/);
  await dashboard.apply.click();
  await expect.poll(async () => (await engine()).config?.gpuLayers ?? 31, { timeout: 60_000 }).toBeLessThan(31);
  const reloaded = await engine();
  expect(reloaded.config.gpuLayers).toBeLessThan(firstGeneration.gpuLayers);
  await expect(page.getByRole("banner")).toContainText(`${reloaded.config.gpuLayers} of 31`);

  await chat.open(chatId, server.url);
  await expect(chat.questions).toHaveCount(1);
  await chat.ask("And of Italy?");
  await expect(chat.questions).toHaveCount(2);
  await expect(chat.questions.first()).toContainText("What is the capital of France?");
});

test("C4 U9 a whole visit speaks to this computer only and breaks no content security policy", async ({ page }) => {
  const elsewhere: string[] = [];
  const violations: string[] = [];
  page.on("request", request => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") elsewhere.push(request.url());
  });
  page.on("console", message => {
    if (/Content.Security.Policy|violates the following/i.test(message.text())) violations.push(message.text());
  });
  const chat = new ChatPage(page);
  await chat.open();
  await chat.options({ longestReply: 60 });
  await chat.ask("Write **bold**, `code` and a list of two things.");
  for (const name of ["Dashboard", "Models"]) {
    await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name }).click();
    await expect(page).toHaveURL(new RegExp(name.toLowerCase()));
    await page.waitForLoadState("networkidle").catch(() => undefined);
  }
  expect(elsewhere).toEqual([]);
  expect(violations).toEqual([]);
});
