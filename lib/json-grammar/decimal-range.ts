import { integerRange } from "./integer-range";

/** One end of a range of numbers. */
export interface Limit {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** Digits after the point, as many as a number without limits has. */
const MOST_DECIMALS = 16;
const anyFraction = `("." [0-9]{1,${MOST_DECIMALS}})?`;

/** A limit of at least 0, as it is written. */
interface Written {
  readonly whole: number;
  /** Digits after the point, without zeros at the end. */
  readonly decimals: string;
  readonly isExclusive: boolean;
}

/** @returns null for a number that JavaScript cannot write without an exponent */
function written({ value, isExclusive }: Limit): Written | null {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(String(value));
  return match === null ? null : { whole: Number(match[1]), decimals: match[2] ?? "", isExclusive };
}

const digitSpan = (from: number, to: number): string => (from === to ? `[${from}]` : `[${from}-${to}]`);

/** Decimals that make a number larger than these, or equal where that is allowed. */
function decimalsFrom(decimals: string, isExclusive: boolean, room: number): string {
  if (decimals === "") return isExclusive ? `"0"* [1-9] [0-9]{0,${room}}` : `[0-9]{0,${room}}`;
  const digit = Number(decimals[0]);
  const larger = digit < 9 ? [`${digitSpan(digit + 1, 9)} [0-9]{0,${room - 1}}`] : [];
  return [...larger, `[${digit}] (${decimalsFrom(decimals.slice(1), isExclusive, room - 1)})`].join(" | ");
}

/** Decimals that make a number smaller than these, or equal where that is allowed. An equal number may end early. */
function decimalsTo(decimals: string, isExclusive: boolean, room: number): string {
  const digit = Number(decimals[0]);
  const smaller = digit > 0 ? [`${digitSpan(0, digit - 1)} [0-9]{0,${room - 1}}`] : [];
  const rest = decimals.slice(1);
  if (rest !== "") return [...smaller, `[${digit}] (${decimalsTo(rest, isExclusive, room - 1)})?`].join(" | ");
  const equal = isExclusive ? [] : [`[${digit}] "0"{0,${room - 1}}`];
  return [...smaller, ...equal].join(" | ");
}

function fractionFrom({ decimals, isExclusive }: Written): string {
  if (decimals === "" && !isExclusive) return anyFraction;
  return `"." (${decimalsFrom(decimals, isExclusive, MOST_DECIMALS)})`;
}

/** @returns null when no number is small enough */
function fractionTo({ decimals, isExclusive }: Written): string | null {
  if (decimals === "") return isExclusive ? null : `("." "0"{1,${MOST_DECIMALS}})?`;
  return `("." (${decimalsTo(decimals, isExclusive, MOST_DECIMALS)}))?`;
}

/** Both limits have the same whole part: the decimals lie between, as many as the longer limit has. */
function fractionBetween(from: Written, to: Written): string | null {
  const length = Math.max(from.decimals.length, to.decimals.length, 1) + (from.isExclusive || to.isExclusive ? 1 : 0);
  const scaled = ({ decimals }: Written): number => Number(decimals.padEnd(length, "0"));
  const least = scaled(from) + (from.isExclusive ? 1 : 0);
  const most = scaled(to) - (to.isExclusive ? 1 : 0);
  if (least > most) return null;
  const pad = (value: number): string => String(value).padStart(length, "0");
  const rest: string[] = [];
  sameLengthDecimals(pad(least), pad(most), "", rest);
  const exact = `"." (${rest.join(" | ")})`;
  return least === 0 ? `(${exact})?` : exact;
}

function sameLengthDecimals(from: string, to: string, before: string, out: string[]): void {
  const start = before === "" ? "" : `"${before}" `;
  if (from === "") out.push(start.trim());
  else if (from[0] === to[0]) sameLengthDecimals(from.slice(1), to.slice(1), before + from[0], out);
  else {
    const [low, high, rest] = [Number(from[0]), Number(to[0]), from.length - 1];
    if (rest === 0) out.push(`${start}${digitSpan(low, high)}`);
    else {
      sameLengthDecimals(from.slice(1), "9".repeat(rest), before + low, out);
      if (low + 1 <= high - 1) out.push(`${start}${digitSpan(low + 1, high - 1)} [0-9]{${rest}}`);
      sameLengthDecimals("0".repeat(rest), to.slice(1), before + high, out);
    }
  }
}

/** The alternatives for numbers of at least 0. `from` is at least 0. */
function positive(from: Written, to: Written | null): string[] {
  if (to !== null && from.whole > to.whole) return [];
  if (to !== null && from.whole === to.whole) {
    const fraction = fractionBetween(from, to);
    return fraction === null ? [] : [`"${from.whole}" ${fraction}`];
  }
  const between =
    to === null || from.whole + 1 <= to.whole - 1
      ? [`(${integerRange(from.whole + 1, to === null ? null : to.whole - 1)}) ${anyFraction}`]
      : [];
  const last = to === null ? null : fractionTo(to);
  return [
    `"${from.whole}" ${fractionFrom(from)}`,
    ...between,
    ...(last === null || to === null ? [] : [`"${to.whole}" ${last}`]),
  ];
}

const zero: Limit = { value: 0, isExclusive: false };
const mirrored = (limit: Limit): Limit => ({ value: Math.abs(limit.value), isExclusive: limit.isExclusive });

/**
 * Numbers between two limits, null for no limit, without exponents. llama.cpp has no such rule: it ignores the limits.
 *
 * @returns null when a limit is too long to be written, and "" when no number lies between the limits
 */
export function decimalRange(from: Limit | null, to: Limit | null): string | null {
  const negativeFrom = from === null || from.value < 0 ? from : undefined;
  const parts: string[] = [];
  const add = (sign: string, low: Limit, high: Limit | null): boolean => {
    const [least, most] = [written(low), high === null ? null : written(high)];
    if (least === null || (high !== null && most === null)) return false;
    parts.push(...positive(least, most).map(part => sign + part));
    return true;
  };
  if (negativeFrom !== undefined) {
    const nearest = to !== null && to.value <= 0 ? mirrored(to) : zero;
    if (!add(`"-" `, nearest, negativeFrom === null ? null : mirrored(negativeFrom))) return null;
  }
  if (to === null || to.value >= 0) {
    const low = from !== null && from.value >= 0 ? from : zero;
    if (!add("", low, to)) return null;
  }
  return parts.join(" | ");
}
