import { describe, expect, test } from "vitest";
import { blankMessage, type ChatMessage } from "@/lib/schema/chat";
import { leafBelow, neighbourVersion, shownBranch } from "./chat-tree";

const message = (id: string, parentId: string | null): ChatMessage =>
  blankMessage({
    id,
    parentId,
    role: id.startsWith("q") ? "user" : "assistant",
    text: id,
    status: "complete",
    createdAtMs: 0,
  });

// q1 - a1 - q2 - a2
//    \      \ q2b - a2b - q3 - a3
//     a1b
const tree = [
  message("q1", null),
  message("a1", "q1"),
  message("q2", "a1"),
  message("a2", "q2"),
  message("q2b", "a1"),
  message("a2b", "q2b"),
  message("q3", "a2b"),
  message("a3", "q3"),
  message("a1b", "q1"),
];
const read = (headId: string | null) =>
  shownBranch(tree, headId).map(row => `${row.message.id} ${row.version}/${row.versions}`);

describe("shownBranch", () => {
  test("shows one line through the tree, with the place among the versions", () => {
    expect(read("a2")).toEqual(["q1 1/1", "a1 1/2", "q2 1/2", "a2 1/1"]);
    expect(read("a3")).toEqual(["q1 1/1", "a1 1/2", "q2b 2/2", "a2b 1/1", "q3 1/1", "a3 1/1"]);
    expect(read("a1b")).toEqual(["q1 1/1", "a1b 2/2"]);
  });

  test("shows nothing without a head, or with one that is not there", () => {
    expect(read(null)).toEqual([]);
    expect(read("gone")).toEqual([]);
  });

  test("gives the rows that did not change back as they were", () => {
    const before = shownBranch(tree, "a2");
    const after = shownBranch([...tree, message("a2c", "q2")], "a2", before);
    expect(after.slice(0, 3).every((row, index) => row === before[index])).toBe(true);
    expect(after[3]).toMatchObject({ version: 1, versions: 2 });
  });
});

test("arrows lead through the versions and end at both ends", () => {
  expect(neighbourVersion(tree, "q2", 1)).toBe("q2b");
  expect(neighbourVersion(tree, "q2b", -1)).toBe("q2");
  expect(neighbourVersion(tree, "q2b", 1)).toBeNull();
  expect(neighbourVersion(tree, "q2", -1)).toBeNull();
});

test("a version is shown down to its latest end", () => {
  expect(leafBelow(tree, "q2b")).toBe("a3");
  expect(leafBelow(tree, "q1")).toBe("a1b");
  expect(leafBelow(tree, "a2")).toBe("a2");
});
