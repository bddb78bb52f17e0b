import { describe, expect, it, vi } from "vitest";
import { RememberedRenderings } from "./remembered-renderings";

const items = (...contents: string[]) => ({ messages: contents.map(content => ({ role: "user", content })) });
const joined = (_: string, { messages }: Readonly<Record<string, unknown>>): string =>
  Array.isArray(messages) ? messages.map(({ content }) => `<${content}>`).join("") : "";

describe("RememberedRenderings", () => {
  it("renders a conversation once, whatever names stand for its texts", () => {
    const render = vi.fn(joined);
    const renderings = new RememberedRenderings(render);
    expect(renderings.text("t", items("Wk3j9xW", "Wabc12W", "123456789012345"))).toBe(
      "<Wk3j9xW><Wabc12W><123456789012345>",
    );
    expect(renderings.text("t", items("Wzz8y7W", "W99xyzW", "987654321098765"))).toBe(
      "<Wzz8y7W><W99xyzW><987654321098765>",
    );
    expect(render).toHaveBeenCalledTimes(1);
  });

  it("renders again where the same name stands twice, other text stands, or the template is another", () => {
    const render = vi.fn(joined);
    const renderings = new RememberedRenderings(render);
    renderings.text("t", items("Wk3j9xW", "Wabc12W"));
    expect(renderings.text("t", items("Wk3j9xW", "Wk3j9xW"))).toBe("<Wk3j9xW><Wk3j9xW>");
    expect(renderings.text("t", items("Wk3j9xW", "Wabc12W."))).toBe("<Wk3j9xW><Wabc12W.>");
    renderings.text("u", items("Wk3j9xW", "Wabc12W"));
    expect(render).toHaveBeenCalledTimes(4);
  });

  it("throws again what a template threw, without rendering again", () => {
    const render = vi.fn((): string => {
      throw new Error("no system role");
    });
    const renderings = new RememberedRenderings(render);
    for (const name of ["Wk3j9xW", "Wabc12W"])
      expect(() => renderings.text("t", items(name))).toThrow("no system role");
    expect(render).toHaveBeenCalledTimes(1);
  });
});
