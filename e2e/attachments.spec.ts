import type { Page } from "@playwright/test";
import { endlessChat } from "./endless-chat";
import { expect, test } from "./fixtures";
import { longestTaskMs } from "./main-thread-trace";
import { ChatPage } from "./pages/chat-page";

test("files are taken and refused by what is in them, and a guessed encoding is named", async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(await endlessChat(page.request, "", 8));
  await chat.attach([
    // The browser's type for a film, judged only by the file's ending.
    { name: "key.ts", mimeType: "video/mp2t", buffer: Buffer.from("// The key is under the mat.") },
    // Windows-1252: "Schlüssel: unter der Fußmatte, schöne Grüße".
    {
      name: "key.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("Schl\xfcssel: unter der Fu\xdfmatte, sch\xf6ne Gr\xfc\xdfe", "latin1"),
    },
    // A byte order mark, then "key" in two bytes a letter.
    { name: "key.csv", mimeType: "text/csv", buffer: Buffer.from("\ufeffkey", "utf16le") },
    { name: "key.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg><!-- key --></svg>") },
    { name: "photo.txt", mimeType: "text/plain", buffer: onePixelPng },
    { name: "data.bin", mimeType: "", buffer: Buffer.from([0, 159, 146, 150]) },
  ]);
  await expect(
    chat.notifications.getByText("photo.txt is a picture (PNG), and the built-in engine reads text only"),
  ).toBeVisible();
  await expect(chat.notifications.getByText(/data.bin is not a text file/)).toBeVisible();
  await expect(chat.removeFile("key.ts")).toBeVisible();
  await expect(chat.removeFile("key.txt")).toBeVisible();
  await expect(chat.removeFile("key.csv")).toBeVisible();
  await expect(chat.removeFile("key.svg")).toBeVisible();
  await expect(page.getByText("UTF-16LE")).toBeVisible();
  await expect(page.getByText("Windows-1252")).toBeVisible();
  await chat.ask("Where is the key?");
  await expect(chat.questions.last()).toContainText("key.ts");
  await expect(chat.questions.last()).toContainText("Windows-1252");
  expect(await chat.attachedTexts()).toEqual([
    "// The key is under the mat.",
    "Schlüssel: unter der Fußmatte, schöne Grüße",
    "key",
    "<svg><!-- key --></svg>",
  ]);
});

test("the text of a PDF is read in the browser", async ({ page }) => {
  const pdf = onePagePdf("Meet me at noon");
  const chat = new ChatPage(page);
  await chat.open(await endlessChat(page.request, "", 8));
  await chat.attach([{ name: "note.pdf", mimeType: "application/pdf", buffer: pdf }]);
  await expect(chat.removeFile("note.pdf")).toBeVisible();
  // The size of the file, not of its 15 letters.
  await expect(page.getByText(`${pdf.length} B`, { exact: true })).toBeVisible();
  await chat.ask("When?");
  expect(await chat.attachedTexts()).toEqual([expect.stringContaining("Meet me at noon")]);
});

const textFile = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

test.describe("a draft", () => {
  test("keeps its files over another screen and a reload, until it is sent", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    await chat.message.fill("Where is the key?");
    await chat.attach([textFile("key.txt", "Under the mat."), textFile("wrong.txt", "Nowhere.")]);
    await chat.removeFile("wrong.txt").click();
    await expect(chat.message).toBeFocused();
    await chat.visit("Models");
    await page.goBack();
    await expect(chat.removeFile("key.txt")).toBeVisible();
    await page.reload();
    await expect(chat.removeFile("key.txt")).toBeVisible();
    await expect(chat.removeFile("wrong.txt")).toBeHidden();
    await expect(chat.message).toHaveValue("Where is the key?");
    await expect(chat.message).toBeEditable();
    await chat.message.press("Enter");
    await chat.replyFinished();
    expect(await chat.attachedTexts()).toEqual(["Under the mat."]);
    await page.reload();
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.removeFile("key.txt")).toBeHidden();
    await expect(chat.message).toHaveValue("");
  });

  test("belongs to its chat, and in no chat yet to the next new one", async ({ page }) => {
    const [first, second] = [await endlessChat(page.request), await endlessChat(page.request)];
    const chat = new ChatPage(page);
    await chat.open();
    await chat.attach([textFile("new.txt", "For a new chat.")]);
    await expect(chat.removeFile("new.txt")).toBeVisible();
    await chat.row(`Endless ${first.slice(0, 8)}`).click();
    await chat.attach([textFile("first.txt", "For the first.")]);
    await expect(chat.removeFile("first.txt")).toBeVisible();
    await expect(chat.removeFile("new.txt")).toBeHidden();
    await chat.row(`Endless ${second.slice(0, 8)}`).click();
    await expect(chat.removeFile("first.txt")).toBeHidden();
    await chat.open();
    await expect(chat.removeFile("new.txt")).toBeVisible();
    await expect(chat.removeFile("first.txt")).toBeHidden();
    await page.getByRole("button", { name: "New temporary chat" }).click();
    await expect(chat.removeFile("new.txt")).toBeHidden();
    await chat.row(`Endless ${first.slice(0, 8)}`).click();
    await expect(chat.removeFile("first.txt")).toBeVisible();
  });

  test("of a deleted chat leaves the browser, and is there again when that is taken back", async ({ page }) => {
    const title = `Endless ${(await endlessChat(page.request)).slice(0, 8)}`;
    const chat = new ChatPage(page);
    await chat.open();
    await chat.row(title).click();
    await chat.message.fill("Where is the key?");
    await chat.attach([textFile("key.txt", "Under the mat.")]);
    await expect(chat.removeFile("key.txt")).toBeVisible();
    await chat.rowAction(title, "Delete");
    await expect(chat.notifications.getByText(`Deleted “${title}”`)).toBeVisible();
    await expect.poll(() => keptDrafts(page)).toEqual([]);
    await chat.notifications.getByRole("button", { name: "Undo" }).click();
    await expect(chat.message).toHaveValue("Where is the key?");
    await page.reload();
    await expect(chat.removeFile("key.txt")).toBeVisible();
  });

  test("says when the browser keeps nothing, and can be sent all the same", async ({ page }) => {
    await page.addInitScript(() => {
      const refuse = () => {
        throw new DOMException("", "QuotaExceededError");
      };
      Object.defineProperty(IDBObjectStore.prototype, "put", { value: refuse });
      Object.defineProperty(Storage.prototype, "setItem", { value: refuse });
    });
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    await chat.attach([textFile("key.txt", "Under the mat.")]);
    await expect(page.getByText("kept only until the page is closed: the browser's storage is full.")).toBeVisible();
    await chat.visit("Models");
    await page.goBack();
    await expect(chat.removeFile("key.txt")).toBeVisible();
    await chat.ask("Where?");
    expect(await chat.attachedTexts()).toEqual(["Under the mat."]);
  });
});

test.describe("sent while a file is read", () => {
  test("a message waits for it, says so, and goes with it", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    const goOn = await holdReading(page);
    await chat.attach([{ name: "report.pdf", mimeType: "application/pdf", buffer: onePagePdf("Meet me at noon") }]);
    await chat.say("When?");
    const wait = page.getByRole("button", { name: "Waiting for report.pdf" });
    await expect(wait).toBeVisible();
    await expect(chat.message).toHaveValue("When?");
    await expect(chat.questions).toHaveCount(0);
    await chat.message.press("Escape");
    await expect(chat.send).toBeVisible();
    await chat.send.click();
    await expect(wait).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(chat.send).toBeVisible();
    await chat.message.press("Enter");
    await wait.click();
    await expect(chat.send).toBeVisible();
    await chat.message.press("Enter");
    await goOn();
    await expect(chat.questions.last()).toContainText("report.pdf");
    await expect(chat.message).toHaveValue("");
    await expect(chat.removeFile("report.pdf")).toBeHidden();
    expect(await chat.attachedTexts()).toEqual([expect.stringContaining("Meet me at noon")]);
  });

  test("a message stays when the file cannot be read, and says why", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    const goOn = await holdReading(page);
    await chat.attach([{ name: "broken.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4 nothing") }]);
    await chat.say("When?");
    await expect(page.getByRole("button", { name: "Waiting for broken.pdf" })).toBeVisible();
    await goOn();
    await expect(chat.problem).toHaveText("Not sent: broken.pdf could not be read as a PDF.");
    await expect(chat.message).toHaveValue("When?");
    await expect(chat.questions).toHaveCount(0);
  });

  test("a file goes on being read while another screen is shown; nothing is sent from there", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    // The other screen's own code loads first. Every script after that is the PDF reader's.
    await chat.visit("Models");
    await page.goBack();
    const goOn = await holdReading(page);
    await chat.attach([{ name: "report.pdf", mimeType: "application/pdf", buffer: onePagePdf("Meet me at noon") }]);
    await chat.say("When?");
    await chat.visit("Models");
    await goOn();
    await page.goBack();
    await expect(chat.removeFile("report.pdf")).toBeVisible();
    await expect(chat.problem).toHaveText("Not sent: the chat was left before its files had been read.");
    await expect(chat.questions).toHaveCount(0);
  });
});

test.describe("a large paste", () => {
  const line = "The quick brown fox jumps over the lazy dog. ";

  test("becomes a file, and typing stays quick", async ({ page }) => {
    const text = line.repeat(34_000).slice(0, 1_500_000);
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    await chat.paste(text);
    await expect(chat.removeFile("Pasted text")).toBeVisible();
    await expect(page.getByText("1 MiB", { exact: true })).toBeVisible();
    await expect(chat.message).toHaveValue("");
    // The text is too long for the field, so it cannot go back into the field.
    await expect(page.getByRole("button", { name: "Put into the text" })).toBeHidden();
    await chat.message.press("a");
    // Includes the pause in typing before the tokens are counted; counting sends all of the text.
    const longestMs = await longestTaskMs(page, async () => {
      const counted = page.waitForRequest(/\/context$/);
      await chat.message.press("b");
      await counted;
    });
    await expect(chat.message).toHaveValue("ab");
    // In the field, this text took 3,600 ms a key.
    expect(longestMs).toBeLessThan(100);
    await page.reload();
    await expect(chat.removeFile("Pasted text")).toBeVisible();
  });

  test("goes back into the text where that stays quick, and a small one stays there", async ({ page }) => {
    const text = line.repeat(500);
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request));
    await chat.paste("Sum this up:");
    await expect(chat.message).toHaveValue("Sum this up:");
    await chat.paste(text);
    await chat.paste(text);
    await expect(chat.removeFile("Pasted text 2")).toBeVisible();
    await page.getByRole("button", { name: "Put into the text" }).first().click();
    await expect(chat.message).toHaveValue(`Sum this up:\n\n${text}`);
    await expect(chat.message).toBeFocused();
    await expect(chat.removeFile("Pasted text")).toBeHidden();
    await expect(chat.removeFile("Pasted text 2")).toBeVisible();
  });

  test("is not put into a message that is edited, and says where it can go", async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(await endlessChat(page.request, "", 8));
    await chat.ask("Begin.");
    await page.getByRole("button", { name: "Edit" }).first().click();
    const editor = page.getByRole("textbox", { name: "Edit message" });
    await chat.paste(line.repeat(500), editor);
    await expect(chat.notifications.getByText("22,500 characters are too many to edit here.")).toBeVisible();
    await expect(editor).toHaveValue("Begin.");
  });
});

/** Holds back the PDF reader's code until the returned function is called. */
async function holdReading(page: Page): Promise<() => Promise<void>> {
  // Scripts after the page's first paint do not belong to the reader.
  await page.waitForLoadState("networkidle");
  let release: () => void = () => {};
  const released = new Promise<void>(resolve => (release = resolve));
  await page.route("**/_next/static/**", async route => {
    await released;
    await route.continue();
  });
  return async () => release();
}

/** Keys of all drafts that the browser keeps. */
const keptDrafts = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("headroom");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const keys = await new Promise<IDBValidKey[]>(resolve => {
      const request = database.transaction("draft-files").objectStore("draft-files").getAllKeys();
      request.onsuccess = () => resolve(request.result);
    });
    database.close();
    const texts = Object.keys(localStorage).filter(key => key.startsWith("headroom.draft."));
    return [...keys.map(String), ...texts];
  });

const onePixelPng = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);

/** The smallest file that PDF readers accept: one page with one line of text. */
function onePagePdf(text: string): Buffer {
  const stream = `BT /F1 18 Tf 40 700 Td (${text}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  const bodies = objects.map((object, index) => `${index + 1} 0 obj\n${object}\nendobj\n`);
  const header = "%PDF-1.4\n";
  const offsets = bodies.map((_, index) => header.length + bodies.slice(0, index).join("").length);
  const table = offsets.map(offset => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const tableAt = header.length + bodies.join("").length;
  return Buffer.from(
    `${header}${bodies.join("")}xref\n0 6\n0000000000 65535 f \n${table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${tableAt}\n%%EOF`,
  );
}
