import { describe, expect, it } from "vitest";
import { pictureDataSchema, pictureTypeOf, readDataUrl } from "./picture";

/** A PNG of one pixel, written by Python's zlib and struct. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

describe("a picture", () => {
  // The signatures are those of the PNG specification (5.2), of JFIF and of WebP's container specification.
  it.each([
    ["89504e470d0a1a0a0000000d", "image/png"],
    ["ffd8ffe000104a4649460001", "image/jpeg"],
    ["52494646240000005745425056503820", "image/webp"],
    ["52494646240000005741564566", null],
    ["474946383961", null],
    ["", null],
  ])("is known by its first bytes %s: %s", (hex, type) => {
    expect(pictureTypeOf(Uint8Array.from(Buffer.from(hex, "hex")))).toBe(type);
  });

  it("is refused when it is no picture, no base64, or too large", () => {
    expect(pictureDataSchema.safeParse(PNG).success).toBe(true);
    expect(pictureDataSchema.safeParse(Buffer.from("GIF89a and so on").toString("base64")).success).toBe(false);
    expect(pictureDataSchema.safeParse(`${PNG}!`).success).toBe(false);
    // 4 MiB are 5,592,408 characters of base64.
    expect(pictureDataSchema.safeParse(PNG.slice(0, 16).padEnd(5_592_412, "A")).success).toBe(false);
  });

  it.each([
    [`data:image/png;base64,${PNG}`, { mediaType: "image/png", data: PNG }],
    ["https://example.org/cat.png", expect.stringContaining("fetches nothing")],
    ["data:image/gif;base64,R0lGODlh", expect.stringContaining("PNG, JPEG or WebP")],
    ["data:image/png;base64,R0lGODlh", expect.stringContaining("must hold the bytes")],
    ["cat.png", expect.stringContaining("must be a data: URL")],
  ])("of a URL %.30s is %j", (url, read) => {
    expect(readDataUrl(url)).toEqual(read);
  });
});
