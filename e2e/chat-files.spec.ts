import { expect, test } from "./fixtures";
import { importedChat } from "./imported-chat";
import { ChatPage } from "./pages/chat-page";

const jsonFile = (text: string) => ({ name: "chats.json", mimeType: "application/json", buffer: Buffer.from(text) });

test("an exported chat comes back through the import as it was", async ({ page }) => {
  const id = await importedChat(page.request, "Round trip", ["One?", "**Two** and `three`."]);
  const chat = new ChatPage(page);
  await chat.open(id);
  const markdown = await chat.download(() => chat.rowAction("Round trip", "Export as Markdown"));
  expect(markdown).toEqual({
    name: "Round-trip.md",
    text: "# Round trip\n\n## You\n\nOne?\n\n## Assistant\n\n**Two** and `three`.\n",
  });
  const json = await chat.download(() => chat.rowAction("Round trip", "Export as JSON"));
  await page.request.delete(`/api/chats/${id}`, { data: {} });
  await expect(chat.row("Round trip")).toBeHidden();
  await chat.importFile(jsonFile(json.text));
  await expect(page.getByText("1 chat imported")).toBeVisible();
  await chat.row("Round trip").click();
  await expect.poll(() => chat.textOf(chat.replies.last())).toBe("Two and three.");
});

test("a chat that is here already is skipped, replaced or kept beside its copy, as the summary is told", async ({
  page,
}) => {
  const title = "Here already";
  const id = await importedChat(page.request, title, ["One?", "Two."]);
  const chat = new ChatPage(page);
  await chat.open(id);
  const { text } = await chat.download(() => chat.rowAction(title, "Export as JSON"));
  const { headId } = (await (await page.request.get(`/api/chats/${id}`)).json()).chat;
  await page.request.patch(`/api/chats/${id}`, { data: { title: "Renamed since" } });
  await expect(chat.row("Renamed since")).toBeVisible();

  await chat.importFile(jsonFile(text));
  const summary = page.getByRole("dialog", { name: "0 chats imported" });
  await expect(summary.getByRole("region", { name: "Here already" })).toContainText(title);
  await summary.getByRole("button", { name: "Skip" }).click();
  await expect(summary).toBeHidden();
  await expect(chat.row("Renamed since")).toBeVisible();
  await expect(chat.row(title)).toHaveCount(0);

  await chat.importFile(jsonFile(text));
  await summary.getByRole("button", { name: "Keep both" }).click();
  await expect(chat.row(title)).toHaveCount(1);
  await expect(chat.row("Renamed since")).toBeVisible();

  await chat.importFile(jsonFile(text));
  await summary.getByRole("button", { name: "Replace" }).click();
  await expect(chat.row("Renamed since")).toHaveCount(0);
  await expect(chat.row(title)).toHaveCount(2);
  expect((await (await page.request.get(`/api/chats/${id}`)).json()).chat).toMatchObject({ title, headId });
});

test("a chat of more than 8 MiB and the odd ones of ChatGPT's export: what can be taken is, the rest is named", async ({
  page,
}) => {
  const node = (id: string, parent: string | null, role: string, content: unknown) => [
    id,
    { id, parent, message: { author: { role }, content } },
  ];
  const text = (...parts: unknown[]) => ({ content_type: "text", parts });
  const long = Array.from({ length: 12 }, (_, index) =>
    node(
      `long-${index}`,
      index === 0 ? null : `long-${index - 1}`,
      index % 2 === 0 ? "user" : "assistant",
      text(index === 11 ? "The last word." : `${index} ${"lorem ipsum ".repeat(75_000)}`),
    ),
  );
  const conversations = [
    { id: "odd-1", title: "Content null", mapping: Object.fromEntries([node("o1", null, "user", null)]) },
    { id: "long-1", title: "A long one", mapping: Object.fromEntries(long) },
    {
      id: "picture-1",
      title: "With a picture",
      create_time: "2024-05-01T10:00:00Z",
      mapping: Object.fromEntries([node("p1", null, "user", text({ asset_pointer: "x" }, "What is this?"))]),
    },
  ];
  const chat = new ChatPage(page);
  await chat.open();
  await chat.importFile(jsonFile(JSON.stringify(conversations)));
  const summary = page.getByRole("dialog", { name: "2 chats imported" });
  const notes = summary.getByRole("region", { name: "Not imported completely" }).getByRole("listitem");
  await expect(notes).toHaveText([
    "Content nullIt has no text.",
    "With a pictureImported without 1 part that has no text: pictures, files or tool output.",
  ]);
  await summary.getByRole("button", { name: "Close" }).click();
  await chat.row("A long one").click();
  await expect(chat.replies.last()).toContainText("The last word.");
  const { messages } = await (await page.request.get("/api/chats/long-1")).json();
  expect(messages.length).toBe(12);
});
