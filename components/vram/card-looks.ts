/** The colour of a card's weights, by its place among the cards; a fifth card begins again. */
const fills = ["var(--card-0)", "var(--card-1)", "var(--card-2)", "var(--card-3)"] as const;

export const cardFill = (card: number | undefined): string =>
  card === undefined ? "var(--weights)" : (fills[card % fills.length] ?? "var(--weights)");
