/** How many tokens two texts have in common at their beginning. */
export function commonTokens(one: readonly number[], other: readonly number[]): number {
  let common = 0;
  while (common < one.length && common < other.length && one[common] === other[common]) common += 1;
  return common;
}
