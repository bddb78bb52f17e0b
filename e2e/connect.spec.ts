import { axeViolations } from "./axe-violations";
import { expect, test } from "./fixtures";

/** Time for the bundled model to load and to answer, on a busy machine. */
const ANSWER_LIMIT_MS = 120_000;

test("another program's way in: the address, a key, a question over the API, and an end to the key", async ({
  page,
}) => {
  await page.goto("/connect");
  const address = await page.evaluate(() => `${window.location.origin}/v1`);
  await expect(page.getByRole("region", { name: "Address" })).toContainText(address);
  const examples = page.getByRole("region", { name: "Examples" });
  await expect(examples).toContainText("SmolLM2-135M-Instruct");
  await expect(examples).not.toContainText("Authorization");

  const keys = page.getByRole("region", { name: "Keys" });
  await keys.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog", { name: "New key" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("editor");
  await dialog.getByRole("textbox", { name: "Requests a minute" }).fill("many");
  await dialog.getByRole("button", { name: "Make key" }).click();
  await expect(dialog).toContainText('"many" is not a whole number.');
  await dialog.getByRole("textbox", { name: "Requests a minute" }).fill("30");
  await dialog.getByRole("button", { name: "Make key" }).click();
  const secret = (await dialog.getByText(/^headroom-/).textContent()) ?? "";
  expect(secret).toHaveLength("headroom-".length + 43);
  expect(await axeViolations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(keys.getByRole("row", { name: /editor/ })).toContainText("30 requests a minute");
  await expect(page.getByText(secret)).toHaveCount(0);

  await keys.getByRole("switch", { name: "Ask for a key on this computer too" }).click();
  await expect(examples).toContainText("-H 'Authorization: Bearer YOUR_KEY'");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await examples.getByRole("tab", { name: "Python" }).click();
  await examples.getByRole("button", { name: "Copy" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('api_key="YOUR_KEY"');
  const tryIt = page.getByRole("region", { name: "Try it" });
  const answer = tryIt.getByRole("status", { name: "Answer" });
  await tryIt.getByRole("button", { name: "Send" }).click();
  await expect(answer).toContainText("asks for an API key");
  await tryIt.getByRole("textbox", { name: "API key" }).fill(secret);
  await tryIt.getByRole("button", { name: "Send" }).click();
  await expect(tryIt.getByRole("button", { name: "Send" })).toBeVisible({ timeout: ANSWER_LIMIT_MS });
  await expect(answer).not.toBeEmpty();

  await page.reload();
  await expect(keys.getByRole("row", { name: /editor/ })).toContainText("today");
  await keys.getByRole("button", { name: "Revoke editor" }).click();
  await expect(keys.getByRole("row", { name: /editor/ })).toHaveCount(0);
  await tryIt.getByRole("textbox", { name: "API key" }).fill(secret);
  await tryIt.getByRole("button", { name: "Send" }).click();
  await expect(answer).toContainText("it was revoked");
  await keys.getByRole("switch", { name: "Ask for a key on this computer too" }).click();
  expect(await axeViolations(page)).toEqual([]);
});
