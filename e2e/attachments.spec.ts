import { endlessChat } from "./endless-chat";
import { expect, test } from "./fixtures";
import { ChatPage } from "./pages/chat-page";

test("files are taken and refused by what is in them, and a guessed encoding is named", async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(await endlessChat(page.request, "", 8));
  await chat.attach([
    // What the browser calls a film, as it knows only the ending.
    { name: "key.ts", mimeType: "video/mp2t", buffer: Buffer.from("// The key is under the mat.") },
    // Windows-1252: "Schlüssel: unter der Fußmatte, schöne Grüße".
    {
      name: "key.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("Schl\xfcssel: unter der Fu\xdfmatte, sch\xf6ne Gr\xfc\xdfe", "latin1"),
    },
    { name: "photo.txt", mimeType: "text/plain", buffer: onePixelPng },
    { name: "data.bin", mimeType: "", buffer: Buffer.from([0, 159, 146, 150]) },
  ]);
  await expect(chat.notifications.getByText("photo.txt is a picture (PNG), not text.")).toBeVisible();
  await expect(chat.notifications.getByText(/data.bin is not a text file/)).toBeVisible();
  await expect(chat.removeFile("key.ts")).toBeVisible();
  await expect(chat.removeFile("key.txt")).toBeVisible();
  await expect(page.getByText("Windows-1252")).toBeVisible();
  await chat.ask("Where is the key?");
  await expect(chat.questions.last()).toContainText("key.ts");
  await expect(chat.questions.last()).toContainText("Windows-1252");
  expect(await chat.attachedTexts()).toEqual([
    "// The key is under the mat.",
    "Schlüssel: unter der Fußmatte, schöne Grüße",
  ]);
});

test("the text of a PDF is read in the browser", async ({ page }) => {
  const pdf = onePagePdf("Meet me at noon");
  const chat = new ChatPage(page);
  await chat.open(await endlessChat(page.request, "", 8));
  await chat.attach([{ name: "note.pdf", mimeType: "application/pdf", buffer: pdf }]);
  await expect(chat.removeFile("note.pdf")).toBeVisible();
  // The file's size and not that of its 15 letters.
  await expect(page.getByText(`${pdf.length} B`, { exact: true })).toBeVisible();
  await chat.ask("When?");
  expect(await chat.attachedTexts()).toEqual([expect.stringContaining("Meet me at noon")]);
});

const onePixelPng = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);

/** The smallest file that PDF readers take: one page with one line of text. */
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
