import { expect, it } from "vitest";
import { splitPartNames } from "./split-name";

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
