import { expect, it } from "vitest";
import { DraftPace } from "./draft-pace";

it("doubles a draft each time all of it is right, up to 16 tokens", () => {
  const pace = new DraftPace();
  const lengths = Array.from({ length: 6 }, () => {
    const length = pace.next();
    pace.judge(length, length);
    return length;
  });
  expect(lengths).toEqual([2, 4, 8, 16, 16, 16]);
});

it("pauses for longer and longer while drafts are wrong", () => {
  const pace = new DraftPace();
  const drafts = Array.from({ length: 40 }, () => {
    const length = pace.next();
    pace.judge(length, 0);
    return length;
  });
  // After the first wrong draft 2 tokens without one, then 4, 8 and 16.
  expect(drafts.flatMap((length, index) => (length > 0 ? [index] : []))).toEqual([0, 3, 8, 17, 34]);
});

it("keeps the length of a draft that was half right", () => {
  const pace = new DraftPace();
  pace.judge(pace.next(), 1);
  expect(pace.next()).toBe(2);
});
