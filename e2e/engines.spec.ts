import { dirname } from "node:path";
import { standInLlamaServer } from "@/lib/server/testing/stand-ins/stand-in-llama-server";
import { json, StandInOpenAi } from "@/lib/server/testing/stand-ins/stand-in-openai";
import { axeViolationsInLightAndDark } from "./axe-violations";
import { expect, freePort, noModelEnv, test } from "./fixtures";
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
  expect(await axeViolationsInLightAndDark(page)).toEqual([]);

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

test("a picture can be attached when the engine in use reads pictures; the engine gets its bytes, and the chat keeps it", async ({
  page,
  ownServer,
}) => {
  const server = await StandInOpenAi.start();
  server.on("/v1/models", json({ data: [{ id: "eye", owned_by: "llamacpp" }] }));
  server.on("/props", json({ default_generation_settings: { n_ctx: 8192 }, modalities: { vision: true } }));
  const { url } = await ownServer(noModelEnv());
  const engines = new EnginesPage(page);
  await engines.open(url);
  await engines.fill({ Address: server.address, Name: "seer" });
  await engines.press("Add engine");
  await expect(engines.list).toContainText("reads pictures");
  await engines.use("eye", "seer");
  const chat = new ChatPage(page);
  await chat.open(undefined, url);
  await expect(page.getByRole("banner").getByRole("button", { name: "Model: eye" })).toBeVisible();
  const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
  await chat.attach([{ name: "photo.png", mimeType: "image/png", buffer: Buffer.from(data, "base64") }]);
  await expect(chat.removeFile("photo.png")).toBeVisible();
  // The draft and its picture outlive the page.
  await page.reload();
  await expect(chat.removeFile("photo.png")).toBeVisible();
  await chat.ask("What is it?");
  await expect(chat.replies.last()).toContainText("Hello there");
  expect(server.seen.findLast(({ path }) => path === "/v1/chat/completions")?.body).toMatchObject({
    messages: [{ content: [{ image_url: { url: `data:image/png;base64,${data}` } }, { type: "text" }] }],
  });
  await page.reload();
  await expect(chat.questions.last().getByRole("img", { name: "photo.png" })).toBeVisible();
  await server.stop();
});

test("a llama-server on PATH is started with the plan, answers, ends with another choice, and with a Headroom that is killed", async ({
  page,
  ownServer,
}) => {
  test.setTimeout(120_000);
  const program = standInLlamaServer();
  const server = await ownServer({ PATH: `${dirname(program)}:${process.env.PATH}` });
  const { url } = server;
  const engines = new EnginesPage(page);
  await engines.open(url);
  await expect(engines.llamaServer).toContainText(`${program}. Headroom starts it with the plan of the chosen model`);
  await engines.llamaServer.getByRole("button", { name: /^Use llama-server with SmolLM2/ }).click();
  await expect(engines.llamaServer).toContainText("In use");
  const chat = new ChatPage(page);
  /** It answers with its own flags. */
  const portOf = async (): Promise<number> => {
    await chat.open(undefined, url);
    await chat.ask("Hi");
    await expect(chat.replies.last()).toContainText(/-m \S+SmolLM2-135M-Instruct.Q4_1.gguf -ngl 0 -c \d+ -np 1/);
    return Number(/--port (\d+)/.exec((await chat.replies.last().textContent()) ?? "")?.[1]);
  };
  const isUp = (port: number) =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  const first = await portOf();
  expect(await isUp(first)).toBe(true);
  await page.goto(`${url}/dashboard`);
  const card = page.getByRole("region", { name: "Another engine answers" });
  await expect(card).toContainText("answers on llama-server");
  await expect(card).toContainText("It was started with the plan below.");
  await expect(card).toContainText("Answering0 of 1");
  await engines.open(url);
  await page.getByRole("button", { name: "Use the built-in engine" }).click();
  await expect.poll(() => isUp(first)).toBe(false);
  await engines.llamaServer.getByRole("button", { name: /^Use llama-server with SmolLM2/ }).click();
  const second = await portOf();
  await server.kill("SIGKILL");
  if (process.platform === "linux") await expect.poll(() => isUp(second)).toBe(false);
});
