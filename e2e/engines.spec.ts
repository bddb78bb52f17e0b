import AxeBuilder from "@axe-core/playwright";
import { json, StandInOpenAi } from "@/lib/server/testing/stand-in-openai";
import { expect, freePort, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";
import { EnginesPage } from "./pages/engines-page";

const METRICS = `vllm:num_requests_running{engine="0"} 3.0
vllm:num_requests_waiting{engine="0"} 1.0
vllm:kv_cache_usage_perc{engine="0"} 0.42
`;

const vllm = async (port = 0): Promise<StandInOpenAi> => {
  const server = await StandInOpenAi.start(port);
  server.on("/metrics", response => void response.end(METRICS));
  server.on("/tokenize", json({ count: 3 }));
  return server;
};

test("a server elsewhere is added, chosen in the picker and answers; when it is away the chat says so, and goes on when it is back", async ({
  page,
  ownServer,
}) => {
  test.setTimeout(120_000);
  let vllmServer = await vllm();
  const { port, address } = vllmServer;
  const { url } = await ownServer();
  const engines = new EnginesPage(page);
  await engines.open(url);
  await engines.fill({ Address: `127.0.0.1:${await freePort()}` });
  await engines.press("Test");
  await expect(engines.form.getByText(/refuses the connection\. Check that it runs/)).toBeVisible();
  await engines.fill({ Address: `${address}/v1`, Name: "workstation", Key: "sk-test" });
  await engines.press("Test");
  await expect(engines.found).toHaveText("Found vLLM with one model: tiny.");
  await engines.press("Add engine");
  await expect(engines.list.getByText("4,096 tokens of context")).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }

  const chat = new ChatPage(page);
  await chat.open(undefined, url);
  await page
    .locator("form")
    .getByRole("button", { name: /^Model: / })
    .click();
  const picker = page.getByRole("dialog", { name: "Choose a model" });
  await picker.getByRole("combobox", { name: "Search models" }).fill("workst");
  await expect(picker.getByRole("option")).toHaveText(["tinyworkstation"]);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("banner").getByRole("button", { name: "Model: tiny" })).toBeVisible();

  await chat.ask("Hi");
  await expect(chat.replies.last()).toContainText("Hello there");
  await page.goto(`${url}/dashboard`);
  const card = page.getByRole("region", { name: "Another engine answers" });
  await expect(card).toContainText("tiny answers on workstation, with 4,096 tokens of context.");
  await expect(card).toContainText("KV cache filled42 %");

  await page.goBack();
  await vllmServer.stop();
  await chat.say("Are you there?");
  await expect(chat.replies.last()).toContainText("workstation (127.0.0.1:");
  await expect(chat.replies.last()).toContainText("refuses the connection. Check that it runs");
  vllmServer = await vllm(port);
  await chat.replies.last().getByRole("button", { name: "Try again" }).click();
  await expect(chat.replies.last()).toContainText("Hello there");
  await vllmServer.stop();
});
