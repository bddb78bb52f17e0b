import { describe, expect, it } from "vitest";
import { movedIndex } from "./layer-map";

describe("arrow keys on a map of 33 cells in rows of 12", () => {
  it.each([
    ["ArrowRight", 11, 12],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 3, 15],
    ["ArrowDown", 30, 30],
    ["ArrowUp", 3, 3],
    ["ArrowUp", 15, 3],
    ["Home", 20, 0],
    ["End", 2, 32],
  ])("%s at %i leads to %i", (key, from, to) => {
    expect(movedIndex(key, from, 33, 12)).toBe(to);
  });

  it("leaves every other key to the browser", () => {
    expect(movedIndex("Tab", 3, 33, 12)).toBeNull();
  });
});
