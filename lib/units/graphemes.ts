const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What people see as one character may have many code units: a flag has 4, a family of emoji 11. */
const LONGEST_GRAPHEME = 64;

/** The beginning of a text, with at most `maxUnits` UTF-16 code units. It never cuts a visible character. */
export function beginningOf(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  let end = 0;
  for (const { index, segment } of segmenter.segment(text.slice(0, maxUnits + LONGEST_GRAPHEME))) {
    if (index + segment.length > maxUnits) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}
