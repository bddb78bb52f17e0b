import { beforeEach, describe, expect, it } from "vitest";
import { closeOverlay, paletteStore, showOverlay, withEarlyKey } from "./palette-store";

const plain = { ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0 };
const press = (...keys: string[]): void => {
  for (const key of keys) {
    const next = withEarlyKey(paletteStore.get(), { ...plain, key });
    if (next !== null) paletteStore.set(next);
  }
};

beforeEach(closeOverlay);

describe("keys that come before the palette's field", () => {
  it("are kept for it, in their order", () => {
    showOverlay("palette");
    press("m", "o", "x", "Backspace", "d", "Shift", "ArrowDown", "é");
    expect(paletteStore.get()).toMatchObject({ query: "modé", isEntered: false });
  });

  it("remember Enter, and Escape closes", () => {
    showOverlay("palette");
    press("m", "Enter");
    expect(paletteStore.get()).toEqual({ overlay: "palette", query: "m", isEntered: true });
    press("Escape");
    expect(paletteStore.get()).toEqual({ overlay: null, query: "", isEntered: false });
  });

  it("are nobody's while the palette is closed, with a command key, and while a method composes", () => {
    press("m");
    expect(paletteStore.get().query).toBe("");
    showOverlay("palette");
    expect(withEarlyKey(paletteStore.get(), { ...plain, key: "a", ctrlKey: true })).toBe(null);
    expect(withEarlyKey(paletteStore.get(), { ...plain, key: "a", isComposing: true })).toBe(null);
  });
});
