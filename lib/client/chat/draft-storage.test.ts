import { afterEach, describe, expect, it, vi } from "vitest";
import { browserDraftStorage, storageWords } from "./draft-storage";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the browser's storage", () => {
  it("that does not answer is given up after some seconds, so that a message can go", async () => {
    vi.useFakeTimers();
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const words = browserDraftStorage.readFiles("chat").catch(storageWords);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await words).toBe("the browser's storage does not answer");
  });

  it.each([
    [new DOMException("", "QuotaExceededError"), "the browser's storage is full"],
    [new DOMException("", "SecurityError"), "the browser does not let its storage be used"],
    [new ReferenceError("localStorage is not defined"), "the browser does not let its storage be used"],
  ])("%s is said as: %s", (error, words) => expect(storageWords(error)).toBe(words));
});
