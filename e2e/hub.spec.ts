import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { quantizedFiles } from "@/lib/server/testing/stand-ins/quantized-files";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { expect, noModelEnv, test } from "./fixtures";
import { judgeOnPhoneAndDesktop } from "./judge-on-phone-and-desktop";
import { HubPage } from "./pages/hub-page";

const entry = (id: string, more = {}) => ({
  id,
  author: id.split("/")[0],
  downloads: 412_345,
  likes: 98,
  gated: false,
  lastModified: "2025-03-12T10:00:00.000Z",
  tags: ["gguf", "license:apache-2.0"],
  gguf: { total: 7_615_616_512, context_length: 32_768 },
  ...more,
});

test.describe("the search of the hub", () => {
  let hub: StandInHub;
  let env: Record<string, string>;
  test.beforeAll(async () => {
    hub = await StandInHub.start();
    env = { ...noModelEnv(), HF_ENDPOINT: hub.origin };
    const { header, fileBytes } = shapeFile(modelShape("small-llama-2"));
    hub.serveRepository("owner/qwen-GGUF", {
      ...quantizedFiles(modelShape("qwen2.5-7b").gguf, { stem: "qwen2.5-7b", tokens: 20_000 }),
      "mmproj-qwen-F16.gguf": { start: header, fileBytes },
    });
    hub.serveRepository("owner/gated-GGUF", quantizedFiles(modelShape("qwen2.5-7b").gguf, { stem: "m", tokens: 2000 }));
    hub.serve("/owner/gated-GGUF/resolve/main/m-Q2_K.gguf", (_, response) => {
      response.writeHead(401, { "x-error-code": "GatedRepo" }).end();
    });
    hub.serveSearch([entry("owner/qwen-GGUF"), entry("owner/gated-GGUF", { gated: "manual" }), entry("../evil")]);
  });
  test.afterAll(() => hub.stop());

  test("shows how each file would run here, dark at 360 px and light at 1440 px", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env);
    await page.setViewportSize({ width: 360, height: 900 });
    const search = new HubPage(page);
    await search.open(url);
    await search.search("qwen");
    // The third is no repository's name.
    await expect(search.repositories).toHaveText([
      /7\.6 B.*32k trained.*apache-2\.0 licence.*412\.3K downloads/,
      /gated/,
    ]);
    await search.openRepository("owner/qwen-GGUF");
    await expect(page.getByText(/^6 files planned from .* of headers\./)).toBeVisible();
    await expect(
      page.getByText(/Best here: Q4_K_M: on the CPU at 4k, [\d.]+ to [\d.]+ tokens\/s; Q5_K_M/),
    ).toBeVisible();
    const files = search.filesOf("owner/qwen-GGUF");
    await expect(files).toHaveCount(7);
    await expect(files.filter({ hasText: "best here" })).toHaveText(/Q4_K_M/);
    await expect(files.filter({ hasText: "mmproj" })).toHaveText(/Reads images for another model/);
    await expect(page.getByRole("meter", { name: /System memory for qwen2\.5-7b-Q4_K_M/ })).toBeVisible();
    await judgeOnPhoneAndDesktop(page, "hub", true);
  });

  test("plans again for another context, and leads to the plan of a file", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env);
    const search = new HubPage(page);
    await search.open(url);
    await search.search("owner/qwen-GGUF");
    const meter = page.getByRole("meter", { name: /System memory for qwen2\.5-7b-Q4_K_M/ });
    // 28 blocks of 4 heads of 128, K and V, 2 bytes: 56 KiB a token.
    await expect(meter).toHaveAttribute("aria-valuetext", /KV cache 0\.22 GiB/i);
    const before = hub.sentBytes;
    await page.getByLabel("Context to plan for").selectOption("32768");
    await expect(meter).toHaveAttribute("aria-valuetext", /KV cache 1\.75 GiB/i);
    await page.getByLabel("KV cache to plan for").selectOption("q8_0");
    await expect(meter).toHaveAttribute("aria-valuetext", /KV cache 0\.93 GiB/i);
    // Nothing is read again for that.
    expect(hub.sentBytes).toBe(before);
    await page.getByRole("link", { name: "Plan of qwen2.5-7b-Q4_K_M.gguf" }).click();
    await expect(page.getByText("Planned for hf:owner/qwen-GGUF/qwen2.5-7b-Q4_K_M.gguf")).toBeVisible();
  });

  test("says what a gated repository wants, and where to ask", async ({ page, sharedServer }) => {
    const { url } = await sharedServer(env);
    const search = new HubPage(page);
    await search.open(url);
    await search.search("qwen");
    await search.openRepository("owner/gated-GGUF");
    const problem = page.getByRole("alert").filter({ hasText: "is gated: accept its terms on" });
    await expect(problem).toBeVisible();
    await expect(problem.getByRole("link", { name: "Ask for access on its page" })).toHaveAttribute(
      "href",
      `${hub.origin}/owner/gated-GGUF`,
    );
  });

  test("waits as a hub that counts requests says, and asks again by itself", async ({ page, ownServer }) => {
    const busy = await StandInHub.start();
    let refusals = 0;
    busy.serve("/api/models", (_, response) => {
      if (refusals++ === 0) response.writeHead(429, { "retry-after": "2" }).end();
      else response.writeHead(200).end(JSON.stringify([entry("owner/later-GGUF")]));
    });
    const { url } = await ownServer({ ...noModelEnv(), HF_ENDPOINT: busy.origin });
    const search = new HubPage(page);
    await search.open(url);
    await search.search("later");
    await expect(
      page.getByText(/asks to wait for 2 s: too many requests\. This page asks again by itself/),
    ).toBeVisible();
    await expect(search.repositories).toHaveText([/owner\/later-GGUF/]);
    await busy.stop();
  });

  test("says that the hub is away and offers to search again", async ({ page, ownServer }) => {
    const gone = await StandInHub.start();
    const endpoint = gone.origin;
    await gone.stop();
    const { url } = await ownServer({ ...noModelEnv(), HF_ENDPOINT: endpoint });
    const search = new HubPage(page);
    await search.open(url);
    await search.search("qwen");
    await expect(search.field).toHaveAccessibleDescription(/127\.0\.0\.1 refuses the connection\./);
    await expect(page.getByRole("button", { name: "Search again" })).toBeVisible();
  });
});
