import { describe, expect, it } from "vitest";
import { TimeLimitError, withTimeLimit } from "./time-limit";

describe("withTimeLimit", () => {
  it("hands on what the work answers or throws", () => {
    expect(withTimeLimit(1000, () => 42)).toBe(42);
    expect(() =>
      withTimeLimit(1000, () => {
        throw new RangeError("too far");
      }),
    ).toThrow(new RangeError("too far"));
  });

  it("ends an endless loop, which no catch inside can prevent", () => {
    const beganMs = performance.now();
    const endless = () => {
      for (;;) {
        try {
          for (;;);
        } catch {
          // Goes on.
        }
      }
    };
    expect(() => withTimeLimit(100, endless)).toThrow(TimeLimitError);
    expect(performance.now() - beganMs).toBeLessThan(8000);
  });

  it("works again afterwards", () => {
    expect(withTimeLimit(1000, () => "fine")).toBe("fine");
  });
});
