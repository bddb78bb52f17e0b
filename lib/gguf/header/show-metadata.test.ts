import { expect, test } from "vitest";
import { type WritableValue, writeGgufHeader } from "../testing/gguf-writer";
import { readHeader } from "./read-header";
import { showMetadata } from "./show-metadata";

function shown(metadata: Readonly<Record<string, WritableValue>>) {
  const header = writeGgufHeader({ metadata, tensors: [] });
  return showMetadata(readHeader(header, header.byteLength).metadata);
}

test("shows values of each type in the file's order", () => {
  expect(shown({ b: "text", a: 7, c: true, d: { type: "i64", value: -5n } })).toEqual([
    { key: "b", type: "string", text: "text", whole: null },
    { key: "a", type: "number", text: "7", whole: null },
    { key: "c", type: "bool", text: "true", whole: null },
    { key: "d", type: "number", text: "-5", whole: null },
  ]);
});

test("writes 32-bit numbers as people write them, and whole numbers in full", () => {
  expect(
    shown({
      epsilon: { type: "f32", value: 1e-5 },
      wide: { type: "f64", value: 0.1234567891 },
      count: { type: "u32", value: 4_294_967_295 },
    }).map(({ text }) => text),
  ).toEqual(["0.00001", "0.1234567891", "4294967295"]);
});

test("shows the start of a vocabulary and how long it is", () => {
  const strings = Array.from({ length: 50_000 }, (_, index) => `t${index}`);
  expect(shown({ tokens: { strings } })).toEqual([
    {
      key: "tokens",
      type: "string[]",
      text: '["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", …]',
      whole: { count: 50_000, unit: "values" },
    },
  ]);
});

test("shows short lists whole, and the start of long ones", () => {
  const [short, kept, skipped] = shown({
    short: { type: "u32", values: [1, 2, 3] },
    kept: { type: "u32", values: Array.from({ length: 100 }, () => 9) },
    skipped: { type: "f32", values: Array.from({ length: 5000 }, () => 0.5) },
  });
  expect(short).toEqual({ key: "short", type: "u32[]", text: "[1, 2, 3]", whole: null });
  expect(kept?.text).toBe("[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, …]");
  expect(skipped).toMatchObject({ text: "[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, …]", whole: { count: 5000 } });
});

test("cuts long texts and keys, and writes control characters as their code", () => {
  const [entry, long] = shown({
    "a\u202eb": "one\ntwo\u001b[31m\u0000",
    [`k${"x".repeat(5000)}`]: "y".repeat(100_000),
  });
  expect(entry).toEqual({ key: "a\\u{202e}b", type: "string", text: "one\\ntwo\\u{1b}[31m\\u{0}", whole: null });
  expect(long?.key.length).toBe(201);
  expect(long?.text.length).toBe(301);
  expect(long?.whole).toEqual({ count: 100_000, unit: "characters" });
});

test("leaves no half of a character that a cut went through", () => {
  const [entry] = shown({ face: `${"a".repeat(299)}😀b` });
  expect(entry?.text).toBe(`${"a".repeat(299)}\ufffd…`);
});
