import { describe, expect, it } from "vitest";
import { elementTypesOf, isMixed, isNarrower, kvElementTypes, kvTypeOf, kvTypeSchema, kvTypes } from "./kv-type";

describe("types of the KV cache", () => {
  it("are each type for both, and each pair of different ones, K first", () => {
    expect(kvTypes).toHaveLength(kvElementTypes.length ** 2);
    expect(kvTypes.slice(0, 4)).toEqual(["f16", "q8_0", "q4_0", "f16/q8_0"]);
    expect(kvTypes.filter(isMixed)).toHaveLength(6);
  });

  it.each([
    ["q8_0/q4_0", "q8_0", "q4_0"],
    ["q8_0", "q8_0", "q8_0"],
  ] as const)("%s is K in %s and V in %s", (kvType, k, v) => {
    expect(elementTypesOf(kvType)).toEqual({ k, v });
    expect(kvTypeOf(k, v)).toBe(kvType);
  });

  it.each(["q8_0/q8_0", "q8_0/", "/q4_0", "q5_1", "q8_0/q5_1"])("has one name each: %s is none", name => {
    expect(kvTypeSchema.safeParse(name).success).toBe(false);
  });

  it("are narrower where K or V takes less and neither takes more", () => {
    expect(isNarrower("q8_0/q4_0", "q8_0")).toBe(true);
    expect(isNarrower("q4_0", "q8_0/q4_0")).toBe(true);
    expect(isNarrower("q8_0", "q8_0")).toBe(false);
    // One takes less for K, the other for V.
    expect([isNarrower("f16/q4_0", "q8_0"), isNarrower("q8_0", "f16/q4_0")]).toEqual([false, false]);
  });
});
