import type { Page } from "@playwright/test";
import * as z from "zod";
import { expect, noModelEnv, test } from "./fixtures";

const manifestSchema = z.object({
  id: z.string(),
  name: z.string(),
  short_name: z.string(),
  start_url: z.string(),
  scope: z.string(),
  display: z.string(),
  icons: z.array(
    z.object({ src: z.string(), sizes: z.string(), type: z.string(), purpose: z.string().default("any") }),
  ),
});

/** The manifest, as the browser itself found, fetched and read it. */
async function browsersManifest(page: Page) {
  const session = await page.context().newCDPSession(page);
  const { url, errors, data } = await session.send("Page.getAppManifest");
  await session.detach();
  expect(errors).toEqual([]);
  return { url, manifest: manifestSchema.parse(JSON.parse(data ?? "null")) };
}

/** The browser's view of a picture: its size, and how opaque its corner is, 0 to 255. */
const pictureAt = (page: Page, src: string) =>
  page.evaluate(async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const colors = new Set<string>();
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    for (let at = 0; at < pixels.length; at += 4) colors.add([...pixels.slice(at, at + 3)].join());
    return { width: image.naturalWidth, height: image.naturalHeight, cornerAlpha: pixels[3], colors: [...colors] };
  }, src);

/** #3b6fd4, #d98a00 and #1aa394 of app/icon.svg. */
const MARK_COLORS = ["59,111,212", "217,138,0", "26,163,148"];

test.describe("installing Headroom as an app", () => {
  test("the browser reads the manifest, and it opens the chat in a window of its own", async ({ page, server }) => {
    await page.goto("/dashboard");
    const { url, manifest } = await browsersManifest(page);
    expect(url).toBe(`${server.url}/manifest.webmanifest`);
    expect(manifest).toMatchObject({ name: "Headroom", short_name: "Headroom", display: "standalone" });
    expect(manifest).toMatchObject({ id: "/", start_url: "/", scope: "/" });
    const response = await page.request.get(url);
    expect(response.headers()["content-type"]).toContain("application/manifest+json");
    const start = await page.goto(manifest.start_url);
    expect(start?.status()).toBe(200);
    await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  });

  test("its icons show the mark, in the sizes that they are said to have", async ({ page }) => {
    await page.goto("/");
    const { manifest } = await browsersManifest(page);
    expect(manifest.icons.map(({ sizes, purpose }) => `${purpose} ${sizes}`)).toEqual([
      "any 192x192",
      "any 512x512",
      "maskable 512x512",
    ]);
    for (const { src, sizes, type, purpose } of manifest.icons) {
      const response = await page.request.get(src);
      expect(response.headers()["content-type"], src).toBe(type);
      const { width, height, cornerAlpha, colors } = await pictureAt(page, src);
      expect(`${width}x${height}`, src).toBe(sizes);
      expect(colors, src).toEqual(expect.arrayContaining(MARK_COLORS));
      // A launcher cuts a shape out of a maskable icon, so no part of it may be transparent.
      expect(cornerAlpha, src).toBe(purpose === "maskable" ? 255 : 0);
    }
  });

  test("a server with a token gives the manifest to whoever has come in", async ({ page, ownServer }) => {
    const server = await ownServer({ ...noModelEnv(), HEADROOM_TOKEN: "install-token-5e1f0c9a7b" });
    expect((await page.request.get(`${server.url}/manifest.webmanifest`)).status()).toBe(401);
    await page.goto(server.url);
    await page.getByLabel("Token").fill("install-token-5e1f0c9a7b");
    await page.getByRole("button", { name: "Open" }).click();
    await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
    expect((await browsersManifest(page)).manifest.name).toBe("Headroom");
  });

  for (const system of ["light", "dark"] as const)
    test(`the window's frame has the header's colour on a ${system} computer`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: system });
      await page.goto("/dashboard");
      const colors = () =>
        page.evaluate(() => {
          const metas = [...document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")];
          const header = document.querySelector("header");
          const probe = document.body.appendChild(document.createElement("span"));
          probe.style.color = metas.find(({ media }) => matchMedia(media).matches)?.content ?? "";
          const frame = getComputedStyle(probe).color;
          probe.remove();
          return { frame, header: header === null ? "" : getComputedStyle(header).backgroundColor };
        });
      const seen = new Set<string>();
      for (const theme of ["Like the computer", "Light", "Dark"]) {
        await page.getByRole("button", { name: "Theme" }).click();
        await page.getByRole("menuitemradio", { name: theme, exact: true }).click();
        const { frame, header } = await colors();
        expect(frame, theme).toBe(header);
        await page.reload();
        expect(await colors(), `${theme} after a reload`).toEqual({ frame, header });
        seen.add(frame);
      }
      expect(seen.size).toBe(2);
    });
});
