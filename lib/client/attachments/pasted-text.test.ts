import { describe, expect, it } from "vitest";
import { AttachmentError, attachPastedText } from "./attachment";
import { isPasted, isTooMuchForField, pastedName } from "./pasted-text";

describe("text that is pasted", () => {
  it.each([
    ["some pages", 20_000, 0, false],
    ["more than ten pages", 20_001, 0, true],
    ["a megabyte and a half", 1_500_000, 0, true],
    ["pages into a field that becomes too full", 5_000, 95_001, true],
    ["pages into a field that is then just full", 5_000, 95_000, false],
    ["a line into a full field", 80, 100_000, false],
  ])("%s: %i characters beside %i become a file: %s", (_, pasted, field, expected) => {
    expect(isTooMuchForField("x".repeat(pasted), field)).toBe(expected);
  });

  it("does not take the place of text that was pasted before", () => {
    expect(pastedName([])).toBe("Pasted text");
    expect(pastedName(["notes.txt", "Pasted text", "Pasted text 2"])).toBe("Pasted text 3");
  });

  it("is known for what it is, and no file is", () => {
    const pasted = attachPastedText("some words", "Pasted text");
    expect(pasted).toEqual({ name: "Pasted text", mediaType: "text/plain", text: "some words" });
    expect(isPasted(pasted)).toBe(true);
    expect(isPasted({ ...pasted, fileBytes: 10 })).toBe(false);
  });

  it("is refused when it is more than a message may hold", () => {
    const paste = () => attachPastedText("x".repeat(4_000_001), "Pasted text");
    expect(paste).toThrow(AttachmentError);
    expect(paste).toThrow("Pasted text has 4,000,001 characters of text; at most 4,000,000 can be attached.");
  });
});
