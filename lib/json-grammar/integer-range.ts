/** Digits of a number without an upper or lower limit. */
const MOST_DIGITS = 16;

const span = (from: string | number, to: string | number): string =>
  String(from) === String(to) ? `[${from}]` : `[${from}-${to}]`;

/** `least` to `most` further digits. */
function digits(least: number, most: number): string {
  if (least === most) return least === 1 ? "[0-9]" : `[0-9]{${least}}`;
  return `[0-9]{${least},${most}}`;
}

/** The numbers between two that have equally many digits. */
function sameLength(from: string, to: string): string {
  let common = 0;
  while (common < from.length && from[common] === to[common]) common++;
  const prefix = common > 0 ? literalDigits(from.slice(0, common)) : "";
  if (common === from.length) return prefix;
  const [low, high] = [Number(from[common]), Number(to[common])];
  const [fromRest, toRest] = [from.slice(common + 1), to.slice(common + 1)];
  const rest = fromRest.length;
  const body = rest === 0 ? `[${low}-${high}]` : `(${byFirstDigit(low, high, fromRest, toRest).join(" | ")})`;
  return prefix === "" ? body : `${prefix} ${body}`;
}

const literalDigits = (text: string): string => `"${text}"`;

function byFirstDigit(low: number, high: number, fromRest: string, toRest: string): string[] {
  const rest = fromRest.length;
  const [zeros, nines] = ["0".repeat(rest), "9".repeat(rest)];
  const last = `${span(high, high)} ${sameLength(zeros, toRest)}`;
  if (fromRest === zeros) return [`${span(low, high - 1)} ${digits(rest, rest)}`, last];
  const first = `[${low}] (${sameLength(fromRest, nines)})`;
  if (low >= high - 1) return [first, last];
  if (toRest === nines) return [first, `${span(low + 1, high)} ${digits(rest, rest)}`];
  return [first, `${span(low + 1, high - 1)} ${digits(rest, rest)}`, last];
}

function between(least: number, most: number): string {
  if (least < 0 && most < 0) return `"-" (${between(-most, -least)})`;
  if (least < 0) return `"-" (${between(0, -least)}) | ${between(0, most)}`;
  const parts: string[] = [];
  let from = String(least);
  const to = String(most);
  while (from.length < to.length) {
    parts.push(sameLength(from, "9".repeat(from.length)));
    from = `1${"0".repeat(from.length)}`;
  }
  return [...parts, sameLength(from, to)].join(" | ");
}

/**
 * The digits of a number that is at least `least`.
 *
 * @param least digits; after the first digit of a number they may start with zeros
 * @param room digits that may be written
 * @param isStart whether no digit was written yet, so that a 0 cannot lead
 */
function digitsAtLeast(least: string, room: number, isStart: boolean): string {
  const roomAfter = Math.max(room - 1, 1);
  if (least === "0" && isStart) return `[0] | [1-9] ${digits(0, roomAfter)}`;
  if (/^0+$/.test(least)) return digits(least.length, room);
  const first = Number(least[0]);
  const start = isStart ? 1 : 0;
  const longer = first > start ? [`${span(start, first - 1)} ${digits(least.length, roomAfter)}`] : [];
  if (least.length === 1) return [...longer, `${span(first, 9)} ${digits(0, roomAfter)}`].join(" | ");
  return [
    ...longer,
    `${span(first, first)} (${digitsAtLeast(least.slice(1), roomAfter, false)})`,
    ...(first < 9 ? [`${span(first + 1, 9)} ${digits(least.length - 1, roomAfter)}`] : []),
  ].join(" | ");
}

function atLeast(least: number): string {
  if (least < 0) return `"-" (${between(0, -least)}) | [0] | [1-9] ${digits(0, MOST_DIGITS - 1)}`;
  return digitsAtLeast(String(least), MOST_DIGITS, true);
}

function atMost(most: number): string {
  if (most < 0) return `"-" (${atLeast(-most)})`;
  return `"-" [1-9] ${digits(0, MOST_DIGITS - 1)} | ${between(0, most)}`;
}

/**
 * The whole numbers from `least` to `most`, null for no limit. At least one of the two is given, and both are safe integers.
 * llama.cpp's version also lets numbers through that are too small, such as 15 for a minimum of 105.
 *
 * @see llama.cpp common/json-schema-to-grammar.cpp, build_min_max_int
 */
export function integerRange(least: number | null, most: number | null): string {
  if (least !== null && most !== null) return between(least, most);
  if (least !== null) return atLeast(least);
  if (most !== null) return atMost(most);
  throw new Error("A range needs a limit.");
}
