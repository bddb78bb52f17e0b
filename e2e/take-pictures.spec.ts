import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { DashboardPage } from "./pages/dashboard-page";
import { ModelsPage } from "./pages/models-page";

/** `npm run pictures`: the pictures of README, taken from the running product. Nothing in them is drawn or retouched. */
const FOLDER = join("docs", "pictures");
const CARD = { chosen: true, card: { name: null, totalMib: 8192, usedMib: 857 } };
const MISTRAL = "TheBloke/Mistral-7B-Instruct-v0.1-GGUF";
const MISTRAL_FILE = "mistral-7b-instruct-v0.1.Q4_K_M.gguf";

test.use({ viewport: { width: 1280, height: 800 }, trace: "off" });

for (const theme of ["light", "dark"] as const)
  test(`pictures, ${theme}`, async ({ browser, ownServer }) => {
    mkdirSync(FOLDER, { recursive: true });
    const hub = await StandInHub.start();
    // The shape of the real file; its header is all that a plan reads.
    const { header, fileBytes } = shapeFile(modelShape("mistral-7b-v0.1"));
    hub.serve(`/${MISTRAL}/resolve/main/${MISTRAL_FILE}`, { start: header, fileBytes });
    // Without chance, both themes show the same answers, which the small model ends by itself.
    const server = await ownServer(
      { HF_ENDPOINT: hub.origin, HEADROOM_GPU: "auto" },
      { TEMPERATURE: 0, MAX_TOKENS: 300 },
    );
    const context = await browser.newContext({
      colorScheme: theme,
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const take = (name: string) =>
      page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`), animations: "disabled" });

    const chat = new ChatPage(page);
    await chat.open(undefined, server.url);
    await page
      .getByRole("listitem", { name: /^Balanced/ })
      .getByRole("button", { name: /^Get / })
      .waitFor();
    await page.getByRole("banner").getByText("ready").waitFor();
    const contextInUse = page.getByRole("button", { name: / of 4,096 tokens/ });
    await contextInUse.waitFor();
    await take("first");

    await page.goto(`${server.url}/models?cardMib=8192`);
    const models = new ModelsPage(page);
    await page
      .getByRole("listitem", { name: /^Balanced/ })
      .getByRole("button", { name: /^Get / })
      .waitFor();
    await models
      .row(DEFAULT_MODEL)
      .getByRole("button", { name: /^Chat with / })
      .waitFor();
    await take("models");

    await chat.open(undefined, server.url);
    await chat.ask("Explain how a rainbow forms, in three sentences.");
    await chat.ask("Write a Python function that reverses a string.");
    // Counted again after the last answer: with both, more than a hundred.
    await contextInUse.filter({ hasText: /^1\d\d of/ }).waitFor();
    await take("chat");

    await page.evaluate(card => localStorage.setItem("headroom.assumed-card", card), JSON.stringify(CARD));
    await page.goto(`${server.url}/dashboard?model=${encodeURIComponent(`hf:${MISTRAL}/${MISTRAL_FILE}`)}`);
    const dashboard = new DashboardPage(page);
    await dashboard.sentence.waitFor();
    await dashboard.type("Context size", "32768");
    await dashboard.sentence.filter({ hasText: /of 33/ }).waitFor();
    await take("dashboard");
    await context.close();
    await hub.stop();
  });
