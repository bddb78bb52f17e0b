import type { SettingRow } from "@/lib/schema/settings/setting-row";
import { type SettingKey, type Settings, settingRows } from "@/lib/schema/settings/settings";
import { formatTokens } from "@/lib/units/tokens";

const choiceWords: Readonly<Record<string, string>> = {
  auto: "Auto",
  on: "On",
  off: "Off",
  fastest: "Fastest",
  spread: "Spread",
};

export const choiceWord = (choice: string): string => choiceWords[choice] ?? choice;

/** The row under its general type. The table keeps each row's exact literals, and a row's type lacks the fields it leaves out. */
export const rowOf = (key: SettingKey): SettingRow => settingRows[key];

/** The number as its field shows it, without the unit: "32,768", "80", "0.70". */
export function formatSettingNumber(key: SettingKey, value: number): string {
  const { unit, range } = rowOf(key);
  if (unit === "%") return String(Math.round(value * 100));
  return Number.isInteger(range?.step ?? 1) ? formatTokens(value) : value.toFixed(2);
}

/** "layers", and "layer" for one of them. */
export function unitOf(key: SettingKey, value: number): string | undefined {
  const { unit } = rowOf(key);
  return value === 1 ? unit?.replace(/s$/, "") : unit;
}

/** The value with its unit, as it is read aloud and listed: "80 %", "32,768 tokens", "Auto". */
export function formatSetting<Key extends SettingKey>(key: Key, value: Settings[Key]): string {
  if (typeof value === "number") {
    const unit = unitOf(key, value);
    return unit === undefined ? formatSettingNumber(key, value) : `${formatSettingNumber(key, value)} ${unit}`;
  }
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return value === "" ? "none" : choiceWord(String(value));
}

/** "0, 1": the numbers of a list; "auto" for an empty text, and null if the schema would refuse it. */
export function parseSettingNumbers(key: SettingKey, text: string): "auto" | number[] | null {
  if (/^\s*(?:auto)?\s*$/i.test(text)) return "auto";
  const numbers = text
    .split(/[\s,;]+/)
    .filter(part => part !== "")
    .map(Number);
  return settingRows[key].schema.safeParse(numbers).success ? numbers : null;
}

/**
 * The meaning of a typed text for this setting, or null if the schema would refuse it.
 * "32k" is 32,768; a percentage may be written as 80, "80 %" or 0.8.
 */
export function parseSettingNumber(key: SettingKey, text: string): number | null {
  const match = /^\s*(-?[\d.,]+)\s*(k?)/i.exec(text);
  if (match === null) return null;
  const [, digits = "", kilo = ""] = match;
  const number = Number(digits.replaceAll(",", "")) * (kilo === "" ? 1 : 1024);
  const isFraction = number > 0 && number < 1;
  const value = rowOf(key).unit === "%" && !isFraction ? number / 100 : number;
  return settingRows[key].schema.safeParse(value).success ? value : null;
}
