import fc from "fast-check";
import { expect, test } from "vitest";
import { FairTurns } from "./fair-turns";

interface Turn {
  readonly caller: string;
  readonly id: number;
}

const turnsOf = (): FairTurns<Turn> => new FairTurns(turn => turn.caller);

test("callers take turns, whoever came with how many", () => {
  const turns = turnsOf();
  for (const [id, caller] of ["a", "a", "a", "b", "c", "b"].entries()) turns.push({ caller, id });
  expect([...turns].map(({ caller, id }) => `${caller}${id}`)).toEqual(["a0", "b3", "c4", "a1", "b5", "a2"]);
  expect(turns.shift()).toEqual({ caller: "a", id: 0 });
  // Who comes now has the turn after all that wait for their next one.
  turns.push({ caller: "d", id: 6 });
  expect([...turns].map(({ caller, id }) => `${caller}${id}`)).toEqual(["b3", "c4", "a1", "d6", "b5", "a2"]);
});

test("room is made by the caller who has the most, and not by one who would have as many", () => {
  const turns = turnsOf();
  for (const [id, caller] of ["a", "a", "a", "b"].entries()) turns.push({ caller, id });
  expect(turns.greediest("c")).toEqual({ caller: "a", id: 2 });
  expect(turns.greediest("b")).toEqual({ caller: "a", id: 2 });
  expect(turns.greediest("a")).toBeUndefined();
  turns.push({ caller: "b", id: 4 });
  expect(turns.greediest("b")).toBeUndefined();
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), caller: fc.constantFrom("a", "b", "c", "d", "e") }),
  fc.constant({ kind: "take" as const }),
  fc.record({ kind: fc.constant("leave" as const), nth: fc.nat(20) }),
);

test("nobody waits for more turns than there are callers for each own place, and the order that is shown is the one that comes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const turns = turnsOf();
      const callers = new Set<string>();
      /** For each that waits: how many turns it may still wait for. */
      const mayWait = new Map<Turn, { ownPlace: number; waited: number }>();
      const take = () => {
        const [next] = turns;
        const taken = turns.shift();
        expect(taken).toBe(next);
        if (taken === undefined) return;
        mayWait.delete(taken);
        for (const wait of mayWait.values()) wait.waited += 1;
        for (const { ownPlace, waited } of mayWait.values()) expect(waited).toBeLessThan(ownPlace * callers.size);
      };
      for (const [id, action] of steps.entries()) {
        if (action.kind === "take") take();
        else if (action.kind === "push") {
          const turn = { caller: action.caller, id };
          callers.add(turn.caller);
          turns.push(turn);
          const ownPlace = [...turns].filter(other => other.caller === turn.caller).length;
          mayWait.set(turn, { ownPlace, waited: 0 });
        } else {
          const leaving = [...turns][action.nth];
          if (leaving === undefined) continue;
          expect(turns.remove(leaving)).toBe(true);
          expect(turns.remove(leaving)).toBe(false);
          mayWait.delete(leaving);
        }
        expect([...turns]).toHaveLength(turns.length);
      }
      while (turns.length > 0) take();
      expect(mayWait.size).toBe(0);
    }),
  );
});
