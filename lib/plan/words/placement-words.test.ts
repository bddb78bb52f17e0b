import { expect, it } from "vitest";
import { cardName, cardsInWords, othersInWords } from "./placement-words";

const [first, twin, other] = [
  { name: "RTX 3060", position: 0, layers: 20 },
  { name: "RTX 3060", position: 1, layers: 11 },
  { name: "P4000", position: 2, layers: 2 },
] as const;

it("names a card by its number where its name tells too little, and by the number alone where all have one name", () => {
  const named = (cards: readonly (typeof first | typeof twin | typeof other)[]) =>
    cards.map(card => cardName(card, cards));
  expect(named([first, other])).toEqual(["RTX 3060", "P4000"]);
  expect(named([first, twin, other])).toEqual(["card 0 (RTX 3060)", "card 1 (RTX 3060)", "P4000"]);
  expect(named([first, twin])).toEqual(["card 0", "card 1"]);
  expect(cardsInWords([first, twin])).toBe(": 20 on card 0, 11 on card 1");
});

it("says that others use nothing where the figure would be 0.00", () => {
  expect(othersInWords({ usedByOthersBytes: 0 })).toBe("nothing used by others");
  expect(othersInWords({ usedByOthersBytes: 857 * 1024 ** 2 })).toBe("0.84 GiB used by others");
});
