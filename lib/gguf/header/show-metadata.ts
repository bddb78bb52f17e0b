import type { MetadataKey } from "@/lib/schema/models/model-details";
import type { Metadata, MetadataArray, MetadataScalar, MetadataValue } from "./read-metadata";

/** A key of the format may have 64 KiB, and a value 64 MiB: a page shows the start of each. */
const MAX_KEY_CHARACTERS = 200;
const MAX_TEXT_CHARACTERS = 300;
const MAX_SHOWN_ELEMENTS = 12;

/** Each key of a header as a page shows it, in the file's order: one line of text, shortened where it is long. */
export const showMetadata = (metadata: Metadata): MetadataKey[] =>
  [...metadata].map(([key, { value }]) => ({
    key: startOf(key, MAX_KEY_CHARACTERS),
    ...shownValue(value),
  }));

function shownValue(value: MetadataValue): Omit<MetadataKey, "key"> {
  if (typeof value === "string") return shownText(value);
  if (typeof value === "object") return shownArray(value);
  return { type: typeof value === "boolean" ? "bool" : "number", text: numberText(value), whole: null };
}

function shownText(value: string): Omit<MetadataKey, "key"> {
  const isLong = value.length > MAX_TEXT_CHARACTERS;
  return {
    type: "string",
    text: startOf(value, MAX_TEXT_CHARACTERS),
    whole: isLong ? { count: value.length, unit: "characters" } : null,
  };
}

function shownArray({ elementType, length, values, start }: MetadataArray): Omit<MetadataKey, "key"> {
  const shown: readonly MetadataScalar[] = (values ?? start).slice(0, MAX_SHOWN_ELEMENTS);
  const isLong = length > shown.length;
  const words = shown.map(element => (typeof element === "string" ? `"${plainText(element)}"` : numberText(element)));
  return {
    type: `${elementType}[]`,
    text: `[${[...words, ...(isLong ? ["…"] : [])].join(", ")}]`,
    whole: isLong ? { count: length, unit: "values" } : null,
  };
}

/** A number of 32 bits is written as short as it can be read back: 1e-5, not 0.000009999999747378752. */
const numberText = (value: number | bigint | boolean): string =>
  typeof value === "number" && !Number.isInteger(value) && Math.fround(value) === value
    ? String(Number(value.toPrecision(7)))
    : String(value);

const startOf = (text: string, maxCharacters: number): string =>
  text.length > maxCharacters ? `${plainText(text.slice(0, maxCharacters))}…` : plainText(text);

/** Characters that break a line, are not seen, or turn the direction of what follows are written as their code. */
const plainText = (text: string): string =>
  text
    // A character that was cut in two.
    .replace(/\p{Cs}/gu, "\ufffd")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0)?.toString(16)}}`);
