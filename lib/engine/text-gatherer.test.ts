import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TextGatherer, type TextPiece } from "./text-gatherer";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const piece = (text: string, thought = false): TextPiece => ({ text, tokens: 1, thought });

function gatherer() {
  const pieces: TextPiece[] = [];
  return { pieces, text: new TextGatherer(one => pieces.push(one), 33) };
}

test("the first piece is handed on at once: the time to the first token stays what it is", () => {
  const { pieces, text } = gatherer();
  text.add(piece("Hel"));
  expect(pieces).toEqual([piece("Hel")]);
});

test("what comes within the interval is one piece with the tokens of all", () => {
  const { pieces, text } = gatherer();
  for (const part of ["Hel", "lo", ", ", "sea"]) {
    text.add(piece(part));
    vi.advanceTimersByTime(10);
  }
  // "Hel" at 0 ms; "lo" at 10, ", " at 20, "sea" at 30 ms wait until 33 ms.
  expect(pieces).toEqual([piece("Hel"), { text: "lo, sea", tokens: 3, thought: false }]);
});

test("a piece is not kept waiting for a slow next token", () => {
  const { pieces, text } = gatherer();
  text.add(piece("a"));
  text.add(piece("b"));
  vi.advanceTimersByTime(33);
  expect(pieces.map(({ text: said }) => said)).toEqual(["a", "b"]);
});

test("a thought and what is said never share a piece", () => {
  const { pieces, text } = gatherer();
  text.add(piece("hm", true));
  text.add(piece("hm", true));
  text.add(piece("Yes"));
  text.flush();
  expect(pieces).toEqual([piece("hm", true), piece("hm", true), piece("Yes")]);
});

test("nothing is lost at the end, and nothing comes after it", () => {
  const { pieces, text } = gatherer();
  for (let index = 0; index < 100; index++) {
    text.add(piece(String(index % 10)));
    vi.advanceTimersByTime(7);
  }
  text.flush();
  const whole = pieces.map(({ text: said }) => said).join("");
  expect(whole).toBe("0123456789".repeat(10));
  expect(pieces.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(100);
  vi.advanceTimersByTime(1000);
  expect(pieces.map(({ text: said }) => said).join("")).toBe(whole);
});
