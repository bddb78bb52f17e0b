import { expect, it } from "vitest";
import { cutPiece, splitPartNames } from "./split-name";

it("names all parts of a split in order, whichever is given", () => {
  const names = ["big-00001-of-00003.gguf", "big-00002-of-00003.gguf", "big-00003-of-00003.gguf"];
  expect(names.map(splitPartNames)).toEqual([names, names, names]);
});

it.each(["model.gguf", "model-00001-of-00003.bin", "model-1-of-3.gguf", "model-00001-of-00003.gguf.part"])(
  "takes %s for a model in one file",
  name => {
    expect(splitPartNames(name)).toEqual([name]);
  },
);

it("knows the pieces of a file that was cut by size, and how many there are where the name says it", () => {
  expect(cutPiece("x.Q4_K_M.gguf.part2of3")).toEqual({
    whole: "x.Q4_K_M.gguf",
    pieces: ["x.Q4_K_M.gguf.part1of3", "x.Q4_K_M.gguf.part2of3", "x.Q4_K_M.gguf.part3of3"],
  });
  expect(
    ["x.gguf-split-b", "x.gguf.part-00", "x.gguf.parta", "x.gguf.002"].map(name => cutPiece(name)?.pieces),
  ).toEqual([["x.gguf-split-*"], ["x.gguf.part-*"], ["x.gguf.part*"], ["x.gguf.*"]]);
});

it.each(["x.gguf", "x-00001-of-00003.gguf", "x.gguf.part", "x.gguf.bak", "part1of2", "x.txt.part1of2"])(
  "takes %s for no such piece",
  name => {
    expect(cutPiece(name)).toBeNull();
  },
);
