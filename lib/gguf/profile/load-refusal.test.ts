import { describe, expect, it } from "vitest";
import { parseGguf } from "../parse-gguf";
import { type ModelShape, realShapes, shapeFile, smallShapes } from "../testing/model-shapes";
import { refusedShapes } from "../testing/refused-shapes";

function refusalOf(shape: ModelShape): string | null {
  const { header, fileBytes } = shapeFile(shape);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error("the whole header was given");
  return parsed.profile.loadRefusal;
}

describe("what llama.cpp cannot load", () => {
  it.each(refusedShapes)("G13 is known from the header: $says", ({ shape, says }) => {
    expect(refusalOf(shape)).toBe(says);
  });

  it.each([...realShapes, ...smallShapes])("G13 nothing is said against $id", shape => {
    expect(refusalOf(shape)).toBeNull();
  });
});
