import { describe, expect, it } from "vitest";
import { dryRunHeader } from "./dry-run-header";
import { modelShape, shapeFile } from "./model-shapes";
import { parseGguf } from "./parse-gguf";

const { header, fileBytes } = shapeFile(modelShape("small-gemma-3"));

function profileOf(bytes: Uint8Array, wholeBytes: number) {
  const parsed = parseGguf(bytes, wholeBytes);
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile;
}

describe("the header for a dry run", () => {
  const slim = dryRunHeader(header, fileBytes);
  if (slim.kind !== "header") throw new Error("the whole header was given");

  it("is a few kilobytes where the vocabulary has hundreds", () => {
    expect(header.byteLength).toBeGreaterThan(1_000_000);
    expect(slim.bytes.byteLength).toBeLessThan(20_000);
  });

  it("describes the same model, with dummy tokens in the same number", () => {
    const { headerBytes, fileBytes: size, tokenizerModel, ...rest } = profileOf(header, fileBytes);
    const slimFileBytes = slim.bytes.byteLength + size - headerBytes;
    expect(profileOf(slim.bytes, slimFileBytes)).toEqual({
      ...rest,
      tokenizerModel: "no_vocab",
      headerBytes: slim.bytes.byteLength,
      fileBytes: slimFileBytes,
    });
    expect([tokenizerModel, rest.vocabularySize]).toEqual(["llama", 64_000]);
  });

  it("may be made twice", () => {
    const again = dryRunHeader(slim.bytes, slim.bytes.byteLength + fileBytes - header.byteLength);
    expect(again).toEqual(slim);
  });

  it("asks for more bytes as a value", () => {
    expect(dryRunHeader(header.subarray(0, 1000), fileBytes).kind).toBe("need");
  });
});
